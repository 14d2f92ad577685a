"""How a head should look from where its video never saw it: nobody knows, but the fitted head has no holes,
and skin that a frame shows lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.cameras import Camera
from mien.drawing.raster import seen_by
from mien.geometry.normals import vertex_normals
from mien.geometry.rotations import matrix_from_rotation_vector

YAW_DEG, PITCH_DEG = (10.0, 40.0), 10.0
"""How far a side view turns from a frame's."""
INSIDE_M, OUTSIDE_M = 0.008, 0.012
"""A side view is opaque so far inside the edge of head and hair, and empty so far outside."""
_HIDDEN_M = 0.006
"""What lies so far behind the nearest surface is hidden."""
_SLANT = (0.3, 0.6)
"""Cosines of slant between which colours of a frame are not at all and fully believed."""
_FACE_FRONT_M, _ABOVE_BROWS_M = 0.02, 0.02


@dataclass(frozen=True, eq=False)
class SideView:
    """A frame's head from aside.

    Attributes:
        row: of the frame; camera: aside of its own.
        colors: (S, S, 3) of the skin, from the frame; sure: (S, S) how surely they are known.
        opaque, empty: (S, S) where head and hair cover the picture, and where nothing does.
    """

    row: int
    camera: Camera
    colors: Float[np.ndarray, "s s 3"]
    sure: Float[np.ndarray, "s s"]
    opaque: Bool[np.ndarray, "s s"]
    empty: Bool[np.ndarray, "s s"]


class SideViews:
    """Of evenly chosen frames, to the left and to the right in turn; each is made when it is first asked for.

    Args:
        data, rig, controls: the head on its frames.
        hair_m: how far the hair reaches from each vertex (`hair_heights_m`).
        count: how many there are.
        seed: of their directions.
    """

    def __init__(
        self,
        data: AvatarData,
        rig: AvatarRig,
        controls: list[AvatarControls],
        *,
        hair_m: Float[np.ndarray, " all"],
        count: int,
        seed: int,
    ) -> None:
        self._data, self._rig, self._controls, self._hair_m = data, rig, controls, hair_m
        self._rows = np.linspace(0, len(data) - 1, count).round().astype(int).tolist()
        self._seed, self._made = seed, dict[int, SideView]()
        self._face = _face(rig)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> SideView:
        if number not in self._made:
            rng = np.random.default_rng((self._seed, 1, number))
            yaw = (-1) ** number * rng.uniform(*np.radians(YAW_DEG))
            pitch = rng.uniform(-1, 1) * np.radians(PITCH_DEG)
            row = self._rows[number]
            head = self._data, self._rig, self._controls[row], row
            self._made[number] = _side_view(*head, self._face, self._hair_m, turn_rad=(pitch, yaw))
        return self._made[number]


def _face(rig: AvatarRig) -> Float[np.ndarray, " all"]:
    """1 for vertices where the head's surface is skin, as far as one can tell: no hair grows there."""
    rest = AvatarControls(rig.rest_weights, np.zeros((2, 3)))
    vertices_m, landmarks_m = rig.vertices_m(rest), rig.landmarks_m(rest)
    brows_m = landmarks_m[17:27, 1].max()
    chin_m = landmarks_m[8, 1]
    skin = rig.head.vertex_parts == rig.head.part_names.index("skin")
    front = vertices_m[:, 2] > landmarks_m[[0, 16], 2].mean() + _FACE_FRONT_M
    between = (vertices_m[:, 1] < brows_m + _ABOVE_BROWS_M) & (vertices_m[:, 1] > chin_m)
    return (skin & front & between).astype(float)


def _side_view(
    data: AvatarData,
    rig: AvatarRig,
    controls: AvatarControls,
    row: int,
    face: Float[np.ndarray, " all"],
    hair_m: Float[np.ndarray, " all"],
    *,
    turn_rad: tuple[float, float],
) -> SideView:
    import cv2

    size, own = data.size_px, data.camera(row)
    pitch, yaw = turn_rad
    turn = np.eye(4)
    turn[:3, :3] = matrix_from_rotation_vector(np.array([pitch, 0, 0])) @ matrix_from_rotation_vector(
        np.array([0, yaw, 0])
    )
    camera = Camera(own.intrinsics, own.camera_from_world @ turn, size, size)
    vertices_m, triangles = rig.vertices_m(controls), rig.triangles
    raster = seen_by(camera, vertices_m, triangles)
    places_m = raster.interpolate(vertices_m, triangles)
    at_m = own.to_camera(places_m)
    at = np.nan_to_num(own.project(places_m), nan=-9.0).astype(np.float32).T[..., None]

    def in_frame(values: np.ndarray) -> np.ndarray:
        return cv2.remap(values.astype(np.float32), at[0], at[1], cv2.INTER_LINEAR)[:, 0]

    own_raster = seen_by(own, vertices_m, triangles)
    nearness = np.zeros((size, size))
    nearness[own_raster.rows, own_raster.columns] = (
        1 / own_raster.interpolate(own.to_camera(vertices_m)[:, 2:], triangles)[:, 0]
    )
    nearest_m = 1 / np.maximum(cv2.dilate(nearness, np.ones((3, 3))), 1e-3)
    normals = vertex_normals(vertices_m, triangles)
    slants = -np.einsum(
        "ij,ij->i", raster.interpolate(normals, triangles) @ own.camera_from_world[:3, :3].T, at_m
    ) / np.linalg.norm(at_m, axis=1)
    visible = at_m[:, 2] < in_frame(nearest_m) + _HIDDEN_M
    believed = np.clip((slants - _SLANT[0]) / (_SLANT[1] - _SLANT[0]), 0, 1) * visible
    on_face = raster.interpolate(face[:, None], triangles)[:, 0]
    shown = (data.rgba[row, ..., 3] > 200) * (data.known[row] / 255.0)
    sure, colors = np.zeros((size, size)), np.zeros((size, size, 3))
    here = raster.rows, raster.columns
    sure[here] = believed * (on_face > 0.99) * in_frame(shown)
    colors[here] = in_frame(data.rgba[row, ..., :3]) / 255
    shell_m = vertices_m + hair_m[:, None] * normals
    covered = np.pad((seen_by(camera, shell_m, triangles).triangle >= 0).astype(np.uint8), 1)
    inside_px, outside_px = (
        cv2.distanceTransform(one, cv2.DIST_L2, 5)[1:-1, 1:-1] for one in (covered, 1 - covered)
    )
    m_in_px = camera.focal_px / max(float(camera.to_camera(vertices_m).mean(axis=0)[2]), 1e-3)
    # Long hair hangs down where no head is
    mouth_px = camera.project(rig.landmarks_m(controls)[48:68]).mean(axis=0)[1]
    above = np.arange(size)[:, None] < mouth_px
    return SideView(
        row, camera, colors, sure, inside_px > INSIDE_M * m_in_px, above & (outside_px > OUTSIDE_M * m_in_px)
    )
