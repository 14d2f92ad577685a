"""How deep a head's skin is inside its own eyeballs and teeth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES, HeadParameters
from mien.heads.skinning import joint_transforms

EYEBALLS = ("left_eye", "right_eye")
TEETH = ("upper_teeth", "lower_teeth")


@dataclass(frozen=True, eq=False)
class Intersection:
    """How deep skin is inside one eyeball or the convex hull of one row of teeth.

    Attributes:
        name: one of `EYEBALLS` or `TEETH`.
        vertices: (K,) the skin vertices that are inside.
        depths_mm: (K,) how far each is from the surface.
        rest_depths_mm: (K,) how far it is inside on the mean head at rest; 0 where it is outside there.
    """

    name: str
    vertices: Integer[np.ndarray, " inside"]
    depths_mm: Float[np.ndarray, " inside"]
    rest_depths_mm: Float[np.ndarray, " inside"]

    @property
    def deepest_mm(self) -> float:
        """Depth of the deepest vertex; 0 when none is inside."""
        return float(self.depths_mm.max(initial=0.0))

    @property
    def deepest_beyond_rest_mm(self) -> float:
        """The most by which a vertex is deeper than on the mean head at rest; 0 when none is.

        This is what the parameters cause: on the mean head some skin is inside already, out of sight.
        """
        return float((self.depths_mm - self.rest_depths_mm).max(initial=0.0))


@dataclass(frozen=True)
class SkinIntersections:
    """All intersections of one head.

    Attributes:
        eyeballs: the left and the right one; empty for a head without eyeballs.
        teeth: the upper and the lower row; empty for a head without teeth.
    """

    eyeballs: tuple[Intersection, ...]
    teeth: tuple[Intersection, ...]

    @property
    def eyeballs_mm(self) -> float:
        """By how much, at most, skin is deeper in an eyeball than on the mean head at rest."""
        return max((found.deepest_beyond_rest_mm for found in self.eyeballs), default=0.0)

    @property
    def teeth_mm(self) -> float:
        """By how much, at most, skin is deeper in a row of teeth than on the mean head at rest."""
        return max((found.deepest_beyond_rest_mm for found in self.teeth), default=0.0)


def skin_intersections(head: Head, parameters: HeadParameters) -> SkinIntersections:
    """How deep the skin of a posed head is inside its eyeballs and teeth.

    An eyeball is a ball about its joint, as large as the median of its vertices' distances: the cornea's
    bulge, 0.15 mm on the built-in head, is left out. A row of teeth is the convex hull of its vertices in
    this pose. Skin is the part of that name; on heads without parts all that no eye joint moves. Vertices
    are looked at, not the triangles between them.

    Raises:
        InputError: a parameter is not a finite number, as after a fit that failed.
        ShapeError: the parameters belong to another head.
    """
    for name in ("identity", "expression", "joint_rotations"):
        if not np.isfinite(getattr(parameters, name)).all():
            raise InputError(
                f"the head's {name} must be finite numbers; leave out fits whose status is not usable"
            )
    skin, depths = _skin(head), _depths_mm(head, parameters)
    at_rest = _rest_depths_mm(head)
    found = {}
    for name, depths_mm in depths.items():
        inside = depths_mm > 0
        found[name] = Intersection(
            name, skin[inside], depths_mm[inside], np.maximum(at_rest[name][inside], 0)
        )
    return SkinIntersections(
        eyeballs=tuple(found[name] for name in EYEBALLS if name in found),
        teeth=tuple(found[name] for name in TEETH if name in found),
    )


@lru_cache(maxsize=8)
def _skin(head: Head) -> np.ndarray:
    if "skin" in head.part_names:
        return np.flatnonzero(head.vertex_parts == head.part_names.index("skin"))
    eyes = [JOINT_NAMES.index(name) for name in EYEBALLS]
    return np.flatnonzero(head.skinning_weights[:, eyes].sum(axis=1) < 0.5)


@lru_cache(maxsize=8)
def _rest_depths_mm(head: Head) -> dict[str, np.ndarray]:
    return _depths_mm(head, head.neutral())


def _depths_mm(head: Head, parameters: HeadParameters) -> dict[str, np.ndarray]:
    """By eyeball or row of teeth the depth of each skin vertex, negative outside."""
    # Where the head is in the world changes nothing.
    parameters = replace(parameters, root_rotation=np.zeros(3), root_translation_m=np.zeros(3))
    vertices_m = head.vertices_m(parameters)
    joints_m = head.joints_m(parameters.identity)
    moved = joint_transforms(joints_m, parameters.joint_rotations)
    skin_m = vertices_m[_skin(head)]
    depths = {}
    for name in EYEBALLS:
        joint = JOINT_NAMES.index(name)
        eyeball = head.skinning_weights[:, joint] > 0.5
        if eyeball.any():
            centre_m = moved[joint, :, :3] @ joints_m[joint] + moved[joint, :, 3]
            radius_m = np.median(np.linalg.norm(vertices_m[eyeball] - centre_m, axis=1))
            depths[name] = 1000 * (radius_m - np.linalg.norm(skin_m - centre_m, axis=1))
    for name in TEETH:
        if name in head.part_names:
            teeth = head.vertex_parts == head.part_names.index(name)
            depths[name] = 1000 * _depths_in_hull_m(skin_m, vertices_m[teeth])
    return depths


def _depths_in_hull_m(points_m: np.ndarray, hull_of_m: np.ndarray) -> np.ndarray:
    """(K,) distance from each point to the nearest of the hull's planes, negative outside."""
    from scipy.spatial import ConvexHull

    hull = ConvexHull(hull_of_m)
    return -(points_m @ hull.equations[:, :3].T + hull.equations[:, 3]).max(axis=1)
