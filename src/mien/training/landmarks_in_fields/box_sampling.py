"""Boxes cut from analytic volumes, with random poses, and their landmarks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.geometry.rotations import matrix_from_rotation_vector, random_rotation
from mien.landmarks_in_fields.boxes import WHOLE_OVER_RADIUS, Box, BoxSizes, fine_boxes
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.volumes.head_volume import SKIN_DEPTH_M, HeadVolume, solid_extent
from mien.training.landmarks_in_fields.warps import SpaceMap, warped_points_m

COARSE_POOL, FACE_POOL = 4, 2
TYPICAL_RADIUS_M = 0.098
"""Root mean square radius of a solid head."""


@dataclass(frozen=True, eq=False)
class LoadedVolume:
    """A volume with reduced copies; all (1, 4, X, Y, Z) uint8, voxels of `voxel_m` times 1, 2, 4 where
    these levels are kept."""

    source: HeadVolume
    levels: dict[int, Tensor]

    @staticmethod
    def of(volume: HeadVolume, kept: tuple[int, ...] = (1, FACE_POOL, COARSE_POOL)) -> LoadedVolume:
        full = torch.from_numpy(volume.rgba).permute(3, 0, 1, 2)[None].contiguous()
        levels = {1: full} if 1 in kept else {}
        for pool in kept:
            if pool == 1:
                continue
            pad = [amount for size in reversed(full.shape[2:]) for amount in (0, -size % pool)]
            levels[pool] = functional.avg_pool3d(functional.pad(full.float(), pad), pool).round().byte()
        return LoadedVolume(replace(volume, rgba=np.zeros((0, 0, 0, 4), np.uint8)), levels)

    def sample(
        self,
        box: Box,
        size: int,
        *,
        level: int,
        mirrored: bool = False,
        cut_y_m: float = -np.inf,
        face_cut: FaceCut | None = None,
        change: SpaceMap | None = None,
    ) -> Float[Tensor, "4 n n n"]:
        """The box as size³ voxels, [0, 1]; the axes are the box's x, y, z.

        Args:
            mirrored: of the volume's mirror image.
            cut_y_m: what lies lower (head frame) is taken away.
            face_cut: what it takes away.
            change: of somebody else or another expression.
        """
        if change is not None:
            points = warped_points_m(box, size, change, mirrored=mirrored)
        else:
            points = box.grid_m(size) * [-1.0 if mirrored else 1.0, 1.0, 1.0]
        grid = self.levels[level]
        index = (points - self.source.low_m) / (self.source.voxel_m * level) - 0.5
        low = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, np.array(grid.shape[2:]) - 2)
        high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 2, low + 2, np.array(grid.shape[2:]))
        part = grid[:, :, low[0] : high[0], low[1] : high[1], low[2] : high[2]].float() / 255
        extent = np.array(part.shape[2:]) - 1
        scaled = (2 * (index - low) / extent - 1)[:, ::-1]
        where = torch.from_numpy(scaled.astype(np.float32)).reshape(1, size, size, size, 3)
        out = functional.grid_sample(part, where, align_corners=True, padding_mode="zeros")[0]
        if np.isfinite(cut_y_m):
            keep = np.clip((points[:, 1] - cut_y_m) / 0.01 + 0.5, 0, 1).astype(np.float32)
            out = out * torch.from_numpy(keep).reshape(1, size, size, size)
        if face_cut is not None:
            depth_m = torch.from_numpy(face_cut.depth_m(points).astype(np.float32)).reshape(
                1, size, size, size
            )
            if face_cut.tint is not None:
                tinted = torch.tensor(face_cut.tint, dtype=torch.float32).reshape(3, 1, 1, 1) * out[3:]
                out[:3] = torch.where(depth_m < SKIN_DEPTH_M, tinted, out[:3])
            out = out * (depth_m / 0.005 + 0.5).clamp(0, 1)
        return out


def centre_and_radius(
    volume: LoadedVolume, *, cut_y_m: float = -np.inf, face_cut: FaceCut | None = None
) -> tuple[Float[np.ndarray, " 3"], float]:
    """Centre of mass and root mean square radius of what is left above and behind the cuts, metres."""
    pooled = volume.levels[COARSE_POOL][0, 3].numpy().astype(np.float32)
    where = np.argwhere(pooled > 100)
    points_m = (where + 0.5) * volume.source.voxel_m * COARSE_POOL + volume.source.low_m
    weight = pooled[tuple(where.T)] * (points_m[:, 1] > cut_y_m)
    if face_cut is not None:
        weight = weight * (face_cut.depth_m(points_m) > 0)
    return solid_extent(weight, points_m)


def wrong_rotation(rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    """Further off than the best of the 24 ways a cube can stand ever is.

    Every third time by about half a turn around the upright axis: the back of a head is most like its front.
    """
    if rng.random() < 1 / 3:
        tilt = random_rotation(rng, largest_rad=0.4)
        return tilt @ matrix_from_rotation_vector(np.array([0.0, np.pi, 0.0]))
    return random_rotation(rng, smallest_rad=1.5, largest_rad=np.pi)


def coarse_box(
    volume: LoadedVolume,
    rng: np.random.Generator,
    *,
    mirrored: bool,
    cut_y_m: float,
    turn: np.ndarray,
    face_cut: FaceCut | None = None,
) -> Box:
    """The cube that normalisation by content would choose, with some error, turned."""
    centre_m, radius_m = centre_and_radius(volume, cut_y_m=cut_y_m, face_cut=face_cut)
    if mirrored:
        centre_m = centre_m * [-1, 1, 1]
    half_m = WHOLE_OVER_RADIUS * radius_m * float(np.exp(rng.normal(0, 0.06)))
    return Box(centre_m + rng.normal(0, 0.06, 3) * half_m, half_m, turn)


def likely_coarse_error(
    landmarks_m: Float[np.ndarray, "68 3"],
    rng: np.random.Generator,
    sizes: BoxSizes,
    *,
    field_from_head: np.ndarray | None = None,
) -> list[Box]:
    """The fine boxes as a coarse prediction would cut them: shifted, turned and scaled, each a little
    apart.

    Args:
        field_from_head: the head's rotation; upright when None.
    """
    amount = rng.uniform(0.1, 1.3)
    turn = random_rotation(rng, largest_rad=0.22 * amount)
    centre_m = landmarks_m.mean(axis=0)
    scale = float(np.exp(rng.normal(0, 0.04 * amount)))
    shifted_m = (landmarks_m - centre_m) * scale @ turn.T + centre_m + rng.normal(0, 0.004 * amount, 3)
    boxes = fine_boxes(shifted_m, turn if field_from_head is None else turn @ field_from_head, sizes)
    return [replace(box, centre_m=box.centre_m + rng.normal(0, 0.003 * amount, 3)) for box in boxes]
