"""A `Head` from what every morphable model has; what a model lacks is filled in neutrally."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError
from mien.heads.model import Head, LandmarkSet
from mien.heads.parameters import JOINT_NAMES

SIGNED_STD = 0.4
"""Weight of a one-sided shape that stands for one standard deviation of a signed component: fitting's prior
on expression weights has about this deviation, and weights reach 1 at 2.5 standard deviations."""


def plain_head(
    name: str,
    version: str,
    *,
    mean_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
    identity_basis_m: Float[np.ndarray, "identity vertices 3"],
    expression_basis_m: Float[np.ndarray, "expression vertices 3"],
    expression_names: tuple[str, ...],
    joints_mean_m: Float[np.ndarray, "4 3"] | None = None,
    joints_identity_m: Float[np.ndarray, "identity 4 3"] | None = None,
    skinning_weights: Float[np.ndarray, "vertices 4"] | None = None,
    uv: Float[np.ndarray, "uvs 2"] | None = None,
    uv_triangles: Integer[np.ndarray, "triangles 3"] | None = None,
    ibug68: Integer[np.ndarray, " 68"] | None = None,
) -> Head:
    """A head of one part, with the landmark set "ibug68" where the model names its vertices.

    Models without joints get neutral ones: at the mean head's centre, with no vertex attached, so that their
    rotations do nothing and fitting leaves them out. Left–right partners are the vertices nearest to each
    vertex's mirror image.
    """
    joints, identities = len(JOINT_NAMES), len(identity_basis_m)
    if not np.isfinite(mean_m).all() or len(mean_m) < 4:
        raise InputError("is no head that can be used: its mean has no vertices, or some that are not finite")
    centre_m = (mean_m.min(axis=0) + mean_m.max(axis=0)) / 2
    if uv is None or uv_triangles is None:
        uv, uv_triangles = np.zeros((1, 2)), np.zeros_like(triangles)
    return Head(
        name=name,
        version=version,
        mean_m=np.ascontiguousarray(mean_m, float),
        triangles=np.asarray(triangles, np.int32),
        identity_basis_m=np.ascontiguousarray(identity_basis_m, float),
        expression_basis_m=np.ascontiguousarray(expression_basis_m, float),
        expression_names=expression_names,
        joints_mean_m=np.tile(centre_m, (joints, 1)) if joints_mean_m is None else joints_mean_m,
        joints_identity_m=np.zeros((identities, joints, 3))
        if joints_identity_m is None
        else joints_identity_m,
        skinning_weights=np.zeros((len(mean_m), joints)) if skinning_weights is None else skinning_weights,
        part_names=("surface",),
        vertex_parts=np.zeros(len(mean_m), np.int32),
        uv=np.asarray(uv, float),
        uv_triangles=np.asarray(uv_triangles, np.int32),
        mirror_vertices=_mirror(mean_m),
        landmark_sets={} if ibug68 is None else {"ibug68": LandmarkSet("ibug68", ibug68, ibug68_mirror())},
    )


def _mirror(mean_m: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    return cKDTree(mean_m).query(mean_m * [-1.0, 1.0, 1.0])[1].astype(np.int32)


def ibug68_mirror() -> Integer[np.ndarray, " 68"]:
    """(68,) index of each iBUG landmark's left-right partner."""
    pairs = [(i, 16 - i) for i in range(9)]
    pairs += [(17 + i, 26 - i) for i in range(5)] + [(i, i) for i in range(27, 31)]
    pairs += [(31 + i, 35 - i) for i in range(3)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    pairs += [(48 + i, 54 - i) for i in range(4)] + [(55 + i, 59 - i) for i in range(3)]
    pairs += [(60 + i, 64 - i) for i in range(3)] + [(65, 67), (66, 66)]
    mirror = np.full(68, -1)
    for left, right in pairs:
        mirror[left], mirror[right] = right, left
    return mirror


def one_sided_shapes(
    basis_m: Float[np.ndarray, "components vertices 3"], prefix: str
) -> tuple[Float[np.ndarray, "shapes vertices 3"], tuple[str, ...]]:
    """Two shapes for each signed component of unit variance, so that weights stay in [0, 1].

    Component k becomes `PREFIXkPlus` and `PREFIXkMinus`: a weight of `SIGNED_STD` is one standard deviation.
    """
    scaled = basis_m / SIGNED_STD
    shapes = np.stack([scaled, -scaled], axis=1).reshape(-1, *basis_m.shape[1:])
    names = [f"{prefix}{k:03d}{side}" for k in range(len(basis_m)) for side in ("Plus", "Minus")]
    return shapes, tuple(names)


def split_polygons(polygons: list[list[int]]) -> Integer[np.ndarray, "triangles 3"]:
    """Polygons as fans of triangles."""
    fans = [[p[0], p[k], p[k + 1]] for p in polygons for k in range(1, len(p) - 1)]
    return np.array(fans, np.int32).reshape(-1, 3)
