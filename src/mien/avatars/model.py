"""The avatar: a canonical field, and what takes a point of the moving head to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mien.avatars.canonical import CanonicalField
from mien.avatars.config import AvatarConfig
from mien.avatars.local_fields import LocalFields, encoding_window, matched_hidden
from mien.avatars.nearest_motion import nearest_motion
from mien.avatars.rig import AvatarRig, PosedSurface
from mien.fields.grids.occupancy import Occupancy
from mien.fields.rendering.ray_marching import Samples, add_up, march, weights_of
from mien.fields.rendering.rays import Rays, cross_box

FAINT = 1e-4
"""Samples with less weight get no colour."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Some frames, or other moments, that rays belong to.

    Attributes:
        surfaces: the head at each.
        weights: (B, E), or (B, L, E) where each field has its own.
        pose: (B, 6) of the head before the camera, and the neck; zeros where it does not count.
        deformation, appearance: (B, …) codes ω^p and ω^a.
    """

    surfaces: Sequence[PosedSurface]
    weights: Tensor
    pose: Float[Tensor, "frames 6"]
    deformation: Float[Tensor, "frames motion_code"]
    appearance: Float[Tensor, "frames light_code"]

    def centres_m(self) -> Float[Tensor, "frames fields 3"]:
        return torch.from_numpy(np.stack([one.centres_m for one in self.surfaces])).to(self.pose.device)

    def centre_motion_m(self) -> Float[Tensor, "frames fields 3"]:
        motion_m = np.stack([one.centres_to_canonical_m for one in self.surfaces])
        return torch.from_numpy(motion_m).to(self.pose.device)


@dataclass(frozen=True, eq=False)
class Deformed:
    """Points taken to the canonical head.

    Attributes:
        canonical_m: (M, 3).
        motion_m: (M, 3) t of eq. 6; learned_m: (M, 3) what of it was learned.
        mesh_m: (M, 3) t_mesh of the nearest point of the mesh; distance_m: (M,) how far that is.
    """

    canonical_m: Float[Tensor, "m 3"]
    motion_m: Float[Tensor, "m 3"]
    learned_m: Float[Tensor, "m 3"]
    mesh_m: Float[Tensor, "m 3"]
    distance_m: Float[Tensor, " m"]


@dataclass(frozen=True, eq=False)
class Gathered:
    """What rays gather.

    Attributes:
        rgba: (R, 4) premultiplied.
        samples: that were looked at; weights: (M,) of each; deformed: where they were taken.
        depth_m: (R,) Σ weight · distance, not divided by alpha.
    """

    rgba: Float[Tensor, "r 4"]
    samples: Samples
    weights: Float[Tensor, " m"]
    deformed: Deformed
    depth_m: Float[Tensor, " r"]


class AvatarModel(nn.Module):
    """Canonical field, local fields, codes.

    Args:
        bounds_m: the canonical box, skull's frame.
        observed: cells of that box in which the head may be on any frame.
        frames: number of frames with codes.

    Attributes:
        window_progress: how far the encoding's frequencies have come in, 0 to 1.
        moving: whether learned fields count (not while the canonical field is learned alone).
    """

    def __init__(
        self,
        config: AvatarConfig,
        rig: AvatarRig,
        bounds_m: Float[np.ndarray, "2 3"],
        *,
        observed: Occupancy,
        frames: int,
        resolution: int | None = None,
    ) -> None:
        super().__init__()
        self.config, self.rig, self.observed = config, rig, observed
        self.window_progress, self.moving = 1.0, True
        expressions = rig.head.expression_count
        extra = config.deformation_code + (6 if config.pose_input else 0)
        self.canonical = CanonicalField(
            config.canonical,
            bounds_m,
            appearance=config.appearance_code,
            conditions=expressions + extra if config.deformation == "conditioned" else 0,
            occupancy=observed.grown(2),
            resolution=resolution,
        )
        radius_m = config.radius * rig.eye_distance_m
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed + 2)
            self.fields = None
            if config.deformation in ("local", "mesh"):
                attention = rig.attention(config.mask, threshold=config.mask_threshold, reach_m=radius_m)
                masks = torch.cat([
                    torch.from_numpy(attention),
                    torch.ones(len(attention), extra, dtype=torch.bool, device="cpu"),
                ], dim=1)  # fmt: skip
                inputs = 3 + 6 * config.frequencies + masks.shape[1]
                self.fields = LocalFields(
                    masks,
                    hidden=config.hidden
                    if len(masks) == 34
                    else matched_hidden(inputs, fields=len(masks), hidden=config.hidden),
                    frequencies=config.frequencies,
                    radius_m=radius_m,
                    cutoff=config.cutoff,
                )
            self.deformation_codes = nn.Parameter(1e-2 * torch.randn(frames, config.deformation_code))
            self.appearance_codes = nn.Parameter(1e-2 * torch.randn(frames, config.appearance_code))

    @property
    def device(self) -> torch.device:
        return self.canonical.device

    def to(self, *args: Any, **kwargs: Any) -> AvatarModel:
        """As torch's, with the cells that are looked at."""
        super().to(*args, **kwargs)
        self.canonical.to(*args, **kwargs)
        self.observed = self.observed.to(self.device)
        return self

    def deform(self, points_m: Float[Tensor, "m 3"], frame: Int[Tensor, " m"], moments: Moments) -> Deformed:
        """Take points of the moving head to the canonical one (eq. 6 and 7).

        Args:
            frame: row of the moments that each belongs to.
        """
        return self._deformed(points_m, frame, moments, *self._guided(points_m, frame, moments))

    def _guided(
        self, points_m: Tensor, frame: Tensor, moments: Moments
    ) -> tuple[Float[Tensor, "m 3"], Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """t_mesh of the nearest part of the mesh, how far that is, and what of it moves the point."""
        config = self.config
        mesh_m, distance_m = self._mesh_motion(points_m, frame, moments)
        if config.deformation in ("none", "conditioned") or not self._has_guide:
            return mesh_m, distance_m, torch.zeros_like(points_m)
        reach = torch.exp(distance_m.square() / (-2 * config.guide_reach**2))
        return mesh_m, distance_m, mesh_m * reach[:, None]

    @property
    def _has_guide(self) -> bool:
        return self.config.guide == "mesh" or self.config.deformation == "mesh"

    def _deformed(
        self,
        points_m: Tensor,
        frame: Tensor,
        moments: Moments,
        mesh_m: Tensor,
        distance_m: Tensor,
        base: Tensor,
    ) -> Deformed:
        """What the guide and the learned fields make of points."""
        config = self.config
        learned = torch.zeros_like(points_m)
        literal, centroids = config.paper_literal, not self._has_guide
        if self.fields is not None and (self.moving or (centroids and not literal)):
            output, centre, total = self.fields(
                points_m,
                frame,
                centres_m=moments.centres_m(),
                conditions=self._conditions(moments),
                window=encoding_window(config.frequencies, self.window_progress),
                centre_motion_m=moments.centre_motion_m(),
            )
            norm = total.clamp(min=1)[:, None]
            if literal:
                learned, base = config.scale_m * output, config.scale_m * centre
            else:
                learned = config.scale_m * output / norm
                base = centre / norm if centroids else base
            if not self.moving:
                learned = torch.zeros_like(points_m)
        motion = base + learned
        return Deformed(points_m + motion, motion, learned, mesh_m, distance_m)

    def _conditions(self, moments: Moments) -> Tensor:
        """Weights, codes and perhaps pose side by side, a row for each moment (and field)."""
        weights = moments.weights
        parts = [weights]
        for one in [moments.deformation] + ([moments.pose] if self.config.pose_input else []):
            shape = (*weights.shape[:-1], one.shape[-1])
            parts.append(one.view(len(one), *[1] * (len(shape) - 2), -1).expand(shape))
        return torch.cat(parts, dim=-1)

    def gather(
        self,
        rays: Rays,
        frame: Int[Tensor, " r"],
        moments: Moments,
        *,
        jitter: torch.Generator | None = None,
        near_far_m: tuple[Tensor, Tensor] | None = None,
        color: bool = True,
    ) -> Gathered:
        """Follow rays through the moving head.

        Args:
            frame: row of the moments of each ray; rays of one moment stand together.
            near_far_m: distances between which each ray is followed; the box when None.
        """
        canonical, step_m = self.canonical, self.config.step_m
        near_m, far_m = near_far_m or cross_box(rays, canonical.bounds)
        samples = march(
            rays,
            near_m,
            far_m,
            bounds_m=canonical.bounds,
            occupancy=self.observed,
            step_m=step_m,
            jitter=jitter,
        )
        points_m = torch.addcmul(canonical.bounds.mean(dim=0), samples.coordinates, canonical.half_size)
        of_sample = frame.index_select(0, samples.ray)
        mesh_m, distance_m, base = self._guided(points_m, of_sample, moments)
        if self._has_guide or self.config.deformation in ("none", "conditioned"):
            # Fields move a point by millimetres, occupied cells have neighbours: the rest lands in nothing
            keep = canonical.occupancy.at(canonical.normalised(points_m + base)).nonzero()[:, 0]
            samples = Samples(
                samples.coordinates[keep], samples.ray[keep], samples.distance_m[keep], samples.step_m
            )
            points_m, of_sample, base = points_m[keep], of_sample[keep], base[keep]
            mesh_m, distance_m = mesh_m[keep], distance_m[keep]
        deformed = self._deformed(points_m, of_sample, moments, mesh_m, distance_m, base)
        coordinates = canonical.normalised(deformed.canonical_m)
        conditions = None
        if self.config.deformation == "conditioned" and self.moving:
            conditions = self._conditions(moments).index_select(0, of_sample)
        density, added = canonical.values(coordinates, conditions)
        density = density * canonical.occupancy.at(coordinates)
        weights, _ = weights_of(density * step_m, samples.ray, len(rays))
        depth_m = add_up(weights, samples.distance_m[:, None], samples.ray, len(rays))[:, 0]
        if not color:
            return Gathered(depth_m.new_zeros(len(rays), 4), samples, weights, deformed, depth_m)
        seen = (weights.detach() > FAINT).nonzero()[:, 0]
        ray = samples.ray.index_select(0, seen)
        colors = canonical.colors(
            coordinates.index_select(0, seen),
            rays.directions.index_select(0, ray),
            moments.appearance.index_select(0, of_sample.index_select(0, seen)),
            None if added is None else added.index_select(0, seen),
        )
        rgba = add_up(
            weights.index_select(0, seen),
            torch.cat([colors, torch.ones_like(colors[:, :1])], dim=1),
            ray,
            len(rays),
        )
        return Gathered(rgba, samples, weights, deformed, depth_m)

    def _mesh_motion(
        self, points_m: Tensor, frame: Tensor, moments: Moments
    ) -> tuple[Float[Tensor, "m 3"], Float[Tensor, " m"]]:
        """t_mesh of the nearest part of each moment's mesh, and its distance; no gradients."""
        if self.config.deformation in ("none", "conditioned"):
            return torch.zeros_like(points_m), points_m.new_zeros(len(points_m))
        return nearest_motion(moments.surfaces, points_m, frame)
