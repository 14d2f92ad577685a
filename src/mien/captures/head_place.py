"""Where the head of a capture is: its place, axes and unit of length, told from landmarks in its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.captures.person import Person, consistent_people
from mien.errors import InputError
from mien.fitting.context import Context
from mien.fitting.views import fit_landmark_views
from mien.geometry.alignment import align_similarity
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.triangulation import triangulate
from mien.landmarks.types import Landmarks2D
from mien.progress import Progress, ProgressReport, silent

MOST_VIEWS = 20
"""Pictures that the head is fitted to, chosen all around."""
UNIT_IS_METRE = 3.0
"""The file's unit is taken for the metre where the head's size differs by fewer standard deviations."""


@dataclass(frozen=True)
class BoxMargins:
    """What a head's box has beyond the fitted head's skin, metres, in the head's axes."""

    side_m: float = 0.06
    """Left and right: hair and ears."""
    above_m: float = 0.06
    behind_m: float = 0.06
    before_m: float = 0.03
    below_m: float = 0.0
    """Below the neck's end: shoulders begin there."""


@dataclass(frozen=True, eq=False)
class HeadPlace:
    """A head in a capture's world.

    Attributes:
        parameters: the fitted head, in the world of `cameras`, metres.
        cameras: all cameras of the capture, in metres.
        metres_per_unit: what the given cameras' lengths were multiplied by for that.
        unit_deviation: standard deviation of the logarithm of the head's size over people: how sure a unit
            that the head's size told can be.
        unit_from_head: whether the head's size told the unit; else the given one was believed.
        person: whose faces were taken; people: how many were seen.
        place_deviation_m: standard deviation of the face's place, by how well the pictures agree.
        reprojection_px: median distance of landmarks from the fitted head's.
        disagreement_m: root mean square over the pictures of how far the face as a whole lies beside the
            fitted head, at its distance: what cameras are wrong by at least.
        refined: whether the cameras were corrected.
    """

    parameters: HeadParameters
    cameras: tuple[Camera, ...]
    metres_per_unit: float
    unit_deviation: float
    unit_from_head: bool
    person: Person
    people: int
    place_deviation_m: float
    reprojection_px: float
    disagreement_m: float
    refined: bool = False

    @property
    def world_from_head(self) -> Float[np.ndarray, "4 4"]:
        """The head's frame in the world, rigid, metres."""
        out = np.eye(4)
        out[:3, :3] = matrix_from_rotation_vector(self.parameters.root_rotation)
        out[:3, 3] = self.parameters.root_translation_m
        return out

    def corners_in_head_m(self, head: Head, margins: BoxMargins | None = None) -> Float[np.ndarray, "2 3"]:
        """Lower and upper corner of the box around the head, in the head's own axes."""
        margins = margins or BoxMargins()
        vertices_m = head.vertices_m(self.parameters)
        world_from_head = self.world_from_head
        local_m = (vertices_m - world_from_head[:3, 3]) @ world_from_head[:3, :3]
        low = [margins.side_m, margins.below_m, margins.behind_m]
        high = [margins.side_m, margins.above_m, margins.before_m]
        return np.stack([local_m.min(axis=0) - low, local_m.max(axis=0) + high])

    def bounds_m(self, head: Head, margins: BoxMargins | None = None) -> Float[np.ndarray, "2 3"]:
        """Lower and upper corner of the box along the world's axes that holds it."""
        low, high = self.corners_in_head_m(head, margins)
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1])
                            for z in (low[2], high[2])])  # fmt: skip
        world_m = corners @ self.world_from_head[:3, :3].T + self.world_from_head[:3, 3]
        return np.stack([world_m.min(axis=0), world_m.max(axis=0)])

    def sentences(self) -> list[str]:
        """What was found and assumed, for people."""
        where = ", ".join(f"{1000 * value:.0f}" for value in self.parameters.root_translation_m)
        out = [
            f"head found in {self.person.views} of {len(self.cameras)} pictures, at ({where}) mm ± "
            f"{1000 * self.place_deviation_m:.0f} mm"
        ]
        if self.people > 1:
            out.append(f"{self.people} people were seen; this is the one in most pictures")
        if self.refined:
            out.append(
                "the cameras did not agree on the face and were corrected: it lies "
                f"{1000 * self.disagreement_m:.1f} mm beside the fitted head now (root mean square)"
            )
        if self.unit_from_head:
            out.append(
                f"one unit of the cameras' file is {self.metres_per_unit:.4g} m ± {self.unit_deviation:.0%}, "
                "told from the size of the head"
            )
        return out


def size_deviation(head: Head, set_name: str) -> float:
    """Standard deviation over people of the logarithm of the size of a landmark set, to first order."""
    vertices = head.landmark_set(set_name).vertices
    centred = head.mean_m[vertices] - head.mean_m[vertices].mean(axis=0)
    basis = head.identity_basis_m[:, vertices]
    along = ((basis - basis.mean(axis=1, keepdims=True)) * centred).sum(axis=(1, 2))
    return float(np.linalg.norm(along) / (centred**2).sum())


def locate_head(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    cameras: Sequence[Camera],
    *,
    unit_known: bool = False,
    context: Context | None = None,
    report: ProgressReport = silent,
) -> HeadPlace:
    """Find the head that most pictures show.

    Landmarks in every picture; the person whose faces agree with the cameras; their landmarks triangulated
    robustly, whose size tells the unit of length; the head fitted to all of them.

    Args:
        images: RGB, one for each camera.
        unit_known: believe that the cameras are in metres, whatever the head's size says.
        context: head, landmarker and settings; the built-in ones when None.

    Raises:
        InputError: fewer than two pictures show one face, or no head explains the landmarks.
    """
    context = context or Context()
    faces = faces_in(images, context=context, report=report)
    return place_of_faces(faces, cameras, unit_known=unit_known, context=context)


def faces_in(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]], *, context: Context, report: ProgressReport = silent
) -> list[list[Landmarks2D]]:
    """The faces of each picture."""
    faces = []
    for index, image in enumerate(images):
        report(Progress(index, len(images), "faces"))
        faces.append(context.finder(image))
    return faces


def place_of_faces(
    faces: Sequence[Sequence[Landmarks2D]],
    cameras: Sequence[Camera],
    *,
    unit_known: bool = False,
    context: Context | None = None,
) -> HeadPlace:
    """As `locate_head`, of faces that were found already.

    Raises:
        InputError: as there.
    """
    context = context or Context()
    head = context.loaded_head
    people = consistent_people(faces, cameras)
    if not people:
        seen = sum(bool(several) for several in faces)
        raise InputError(
            f"no person was found: {seen} of {len(faces)} pictures show a face, and no two of them agree "
            "with the cameras on where it is. Give the head's box (--box), or train on all that the cameras "
            "see (--whole-scene)",
            source="pictures",
        )
    person = people[0]
    views = [index for index, face in enumerate(person.faces) if face is not None]
    known = [person.faces[index] for index in views]
    points_px = np.stack([face.points_px for face in known]).astype(float)  # type: ignore[union-attr]
    sigma_px = np.stack([face.sigma_px for face in known]).astype(float)  # type: ignore[union-attr]
    set_name = known[0].set_name  # type: ignore[union-attr]
    points = triangulate(points_px, sigma_px, [cameras[index] for index in views])
    landmarks_m = head.mean_m[head.landmark_set(set_name).vertices]
    fine = np.isfinite(points).all(axis=1)
    world_from_mean = align_similarity(landmarks_m[fine], points[fine])
    deviation = size_deviation(head, set_name)
    told = 1 / world_from_mean.scale
    from_head = not unit_known and abs(np.log(told)) > UNIT_IS_METRE * max(deviation, 0.03)
    metres_per_unit = float(told) if from_head else 1.0
    scaled = tuple(_scaled(camera, metres_per_unit) for camera in cameras)
    chosen = _all_around(scaled, views)
    fit = fit_landmark_views(
        [person.faces[index] for index in chosen],
        [scaled[index] for index in chosen],
        same_moment=True,
        context=context,
    )
    usable = [one for one in fit.found if one.status.usable]
    if not usable:
        raise InputError(
            f"a face is seen in {len(views)} pictures, but no head explains all of them "
            f"({fit.reason or fit.status.value}): the person moved, or the cameras are wrong",
            source="pictures",
        )
    parameters = usable[0].parameters
    at_px, spread_m = _place_deviation(parameters, head, person, scaled, set_name)
    return HeadPlace(
        parameters,
        scaled,
        metres_per_unit,
        deviation,
        from_head,
        person,
        len(people),
        float(spread_m * np.sqrt(3 / person.views)),
        at_px,
        spread_m,
    )


def _scaled(camera: Camera, factor: float) -> Camera:
    pose = camera.camera_from_world.copy()
    pose[:3, 3] *= factor
    return replace(camera, camera_from_world=pose)


def _all_around(cameras: Sequence[Camera], views: list[int]) -> list[int]:
    """At most `MOST_VIEWS` of these pictures, whose cameras lie far apart."""
    if len(views) <= MOST_VIEWS:
        return views
    centres = np.stack([cameras[view].world_from_camera[:3, 3] for view in views])
    chosen = [int(np.linalg.norm(centres - centres.mean(axis=0), axis=1).argmin())]
    nearest = np.linalg.norm(centres - centres[chosen[0]], axis=1)
    while len(chosen) < MOST_VIEWS:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(centres - centres[chosen[-1]], axis=1))
    return [views[index] for index in sorted(chosen)]


def _place_deviation(
    parameters: HeadParameters, head: Head, person: Person, cameras: Sequence[Camera], set_name: str
) -> tuple[float, float]:
    """Median reprojection error, pixels; and the root mean square of each view's offset at the head's
    distance, metres."""
    points_m = head.vertices_m(parameters)[head.landmark_set(set_name).vertices]
    errors, offsets = [], []
    for face, camera in zip(person.faces, cameras, strict=True):
        if face is None:
            continue
        difference = camera.project(points_m) - face.points_px
        errors.append(np.linalg.norm(difference, axis=1))
        depth_m = camera.to_camera(points_m)[:, 2].mean()
        offsets.append(np.nanmedian(difference, axis=0) * depth_m / camera.focal_px)
    spread_m = np.sqrt((np.array(offsets) ** 2).mean())
    return float(np.nanmedian(np.concatenate(errors))), float(spread_m)
