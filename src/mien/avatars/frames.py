"""Frames as a training reads them: pixels worth a ray, and the head at each frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
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
        rgba: (F, S·S, 4) and known: (F, S·S) of the data, as bytes.
        turns: (F, 3, 3) from pixels to directions; origins_m: (F, 3) of the cameras.
        pixels: for each frame the numbers (row · size + column) of pixels whose rays may meet the head and
            whose matte is known; features: those of them at mouth and eyes.
    """

    data: AvatarData
    rig: AvatarRig
    controls: list[AvatarControls]
    surfaces: list[PosedSurface]
    weights: Float[Tensor, "frames expression"]
    pose: Float[Tensor, "frames 6"]
    rgba: UInt8[Tensor, "frames pixels 4"]
    known: UInt8[Tensor, "frames pixels"]
    turns: Float[Tensor, "frames 3 3"]
    origins_m: Float[Tensor, "frames 3"]
    pixels: list[Tensor]
    features: list[Tensor]

    def __len__(self) -> int:
        return len(self.data)

    def rays(self, frame: int, pixels: Tensor) -> Rays:
        """Through the centres of pixels."""
        size = self.data.size_px
        place = torch.stack([pixels % size, pixels // size, torch.ones_like(pixels)], dim=1).float()
        directions = torch.nn.functional.normalize(place @ self.turns[frame].T, dim=1)
        return Rays(self.origins_m[frame].expand_as(directions), directions)


def make_frames(
    data: AvatarData,
    rig: AvatarRig,
    controls: list[AvatarControls],
    space: Occupancy,
    bounds_m: np.ndarray,
    *,
    device: torch.device | str = "cpu",
) -> AvatarFrames:
    """Get frames ready.

    Args:
        device: where the tensors are wanted.
    """
    cells = space.cells.view(-1).nonzero()[:, 0]
    places_m = space.centres()[cells].cpu().numpy() * np.diff(bounds_m, axis=0)[0] / 2 + bounds_m.mean(axis=0)
    pixels, features = [], []
    for row in range(len(data)):
        candidates = _met(data, row, places_m) & (data.known[row] > 127)
        regions = feature_masks(data, rig, controls[row], row)
        wanted = candidates & np.any(list(regions.values()), axis=0)
        pixels.append(torch.from_numpy(np.flatnonzero(candidates)).to(device))
        features.append(torch.from_numpy(np.flatnonzero(wanted)).to(device))
    rotations = [rotation_vector_from_matrix(pose[:3, :3]) for pose in data.camera_from_skull * _FLIP]
    cameras = [data.camera(row) for row in range(len(data))]
    turns = [one.world_from_camera[:3, :3] @ np.linalg.inv(one.intrinsics) for one in cameras]
    origins_m = [one.world_from_camera[:3, 3] for one in cameras]
    necks = [one.neck[0] for one in controls]
    return AvatarFrames(
        data=data,
        rig=rig,
        controls=controls,
        surfaces=[rig.posed(one) for one in controls],
        weights=_tensor([one.weights for one in controls], device),
        pose=_tensor(np.concatenate([np.stack(rotations), np.stack(necks)], axis=1), device),
        rgba=torch.from_numpy(data.rgba.reshape(len(data), -1, 4)).to(device),
        known=torch.from_numpy(data.known.reshape(len(data), -1)).to(device),
        turns=_tensor(turns, device),
        origins_m=_tensor(origins_m, device),
        pixels=pixels,
        features=features,
    )


def _tensor(values: Any, device: torch.device | str) -> Tensor:
    return torch.tensor(np.stack(values), dtype=torch.float32, device=device)


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
