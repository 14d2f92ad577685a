"""Frames as a training reads them: pixels worth a ray, and the head at each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import AvatarControls, AvatarRig, PosedSurface
from mien.fields.grids.occupancy import Occupancy
from mien.fields.rendering.rays import Rays
from mien.geometry.rotations import rotation_vector_from_matrix

FEATURE_MARGIN = 0.1
"""Around the landmarks of mouth and eyes, over the eyes' distance."""
_FEATURES = {"mouth": range(48, 68), "left_eye": range(42, 48), "right_eye": range(36, 42)}


@dataclass(frozen=True, eq=False)
class AvatarFrames:
    """Frames ready to be learned from.

    Attributes:
        data, rig, controls: see there.
        surfaces: the head at each frame.
        weights: (F, E); pose: (F, 6).
        pixels: for each frame the numbers (row · size + column) of pixels whose rays may meet the head and
            whose matte is known; features: those of them at mouth and eyes.
    """

    data: AvatarData
    rig: AvatarRig
    controls: list[AvatarControls]
    surfaces: list[PosedSurface]
    weights: Float[Tensor, "frames expression"]
    pose: Float[Tensor, "frames 6"]
    pixels: list[Tensor]
    features: list[Tensor]

    def __len__(self) -> int:
        return len(self.data)

    def rays(self, frame: int, pixels: Tensor) -> Rays:
        """Through the centres of pixels."""
        camera, size = self.data.camera(frame), self.data.size_px
        inverse = np.linalg.inv(camera.intrinsics)
        pose = camera.world_from_camera
        turn = torch.from_numpy((pose[:3, :3] @ inverse).astype(np.float32))
        place = torch.stack([pixels % size, pixels // size, torch.ones_like(pixels)], dim=1).float()
        directions = torch.nn.functional.normalize(place @ turn.T, dim=1)
        origin = torch.from_numpy(pose[:3, 3].astype(np.float32))
        return Rays(origin.expand_as(directions), directions)


def make_frames(
    data: AvatarData, rig: AvatarRig, controls: list[AvatarControls], space: Occupancy, bounds_m: np.ndarray
) -> AvatarFrames:
    """Get frames ready."""
    cells = space.cells.view(-1).nonzero()[:, 0]
    places_m = space.centres()[cells].numpy() * np.diff(bounds_m, axis=0)[0] / 2 + bounds_m.mean(axis=0)
    pixels, features = [], []
    for row in range(len(data)):
        candidates = _met(data, row, places_m) & (data.known[row] > 127)
        regions = feature_masks(data, rig, controls[row], row)
        wanted = candidates & np.any(list(regions.values()), axis=0)
        pixels.append(torch.from_numpy(np.flatnonzero(candidates)))
        features.append(torch.from_numpy(np.flatnonzero(wanted)))
    turns = [rotation_vector_from_matrix(pose[:3, :3]) for pose in data.camera_from_skull * _FLIP]
    necks = [one.neck[0] for one in controls]
    return AvatarFrames(
        data=data,
        rig=rig,
        controls=controls,
        surfaces=[rig.posed(one) for one in controls],
        weights=torch.tensor(np.stack([one.weights for one in controls]), dtype=torch.float32),
        pose=torch.tensor(np.concatenate([np.stack(turns), np.stack(necks)], axis=1), dtype=torch.float32),
        pixels=pixels,
        features=features,
    )


_FLIP = np.array([1.0, -1.0, -1.0, 1.0])[None, :, None]
"""A head that faces the camera is not turned."""


def feature_masks(
    data: AvatarData, rig: AvatarRig, controls: AvatarControls, row: int
) -> dict[str, Bool[np.ndarray, "s s"]]:
    """Pixels at the mouth and at each eye, as the fitted head has them on a frame."""
    import cv2

    camera = data.camera(row)
    landmarks_m = rig.landmarks_m(controls)
    depth_m = max(float(camera.to_camera(landmarks_m).mean(axis=0)[2]), 1e-3)
    radius = max(1, round(FEATURE_MARGIN * rig.eye_distance_m * camera.focal_px / depth_m))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    masks = {}
    for name, points in _FEATURES.items():
        out = np.zeros((data.size_px, data.size_px), np.uint8)
        pixels = camera.project(landmarks_m[list(points)])
        if np.isfinite(pixels).all():
            hull = cv2.convexHull(np.rint(np.clip(pixels, -1e4, 1e4)).astype(np.int32))
            cv2.fillConvexPoly(out, hull, 1)
        masks[name] = cv2.dilate(out, disc) > 0
    return masks


def _met(data: AvatarData, row: int, places_m: np.ndarray) -> Bool[np.ndarray, "s s"]:
    """Pixels whose rays come near any of the places."""
    import cv2

    size = data.size_px
    pixels = np.rint(np.nan_to_num(data.camera(row).project(places_m), nan=-9.0)).astype(int)
    inside = ((pixels >= 0) & (pixels < size)).all(axis=1)
    out = np.zeros((size, size), np.uint8)
    out[pixels[inside, 1], pixels[inside, 0]] = 1
    return cv2.dilate(out, np.ones((3, 3), np.uint8), iterations=max(1, size // 100)) > 0
