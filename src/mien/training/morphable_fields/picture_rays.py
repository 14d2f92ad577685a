"""Rays of training pictures, drawn per picture: some near landmarks, the others anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.drawing.first_hits import first_hits_m
from mien.fields.rendering.rays import Rays
from mien.heads.model import Head
from mien.morphable_fields.head_surface import closed_mesh
from mien.morphable_fields.nearby_points import LANDMARK_SET
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.expressive_people.pictures import ExpressivePeople

SPREAD = 0.025
"""Deviation of rays from landmarks over the picture's side (MoFaNeRF)."""


@dataclass(frozen=True)
class RayBatch:
    """Rays of some pictures.

    Attributes:
        rays: (R,); picture: (R,) place of each ray's picture among `pictures`, (K,).
        rgba: (R, 4) in [0, 1], colours multiplied by alpha; hit_m: (R,) where the ray first meets the mesh.
    """

    rays: Rays
    picture: Int[Tensor, " r"]
    pictures: Int[Tensor, " k"]
    rgba: Float[Tensor, "r 4"]
    hit_m: Float[Tensor, " r"]


class PictureRays:
    """The rays of learned pictures that come near the head, on a device."""

    def __init__(
        self,
        people: ExpressivePeople,
        head: Head,
        *,
        kind: int,
        device: torch.device,
        report: ProgressReport = silent,
    ) -> None:
        self.indices = people.of_kind(kind)
        points = head.landmark_set(LANDMARK_SET).vertices
        hits, landmarks_px, landmarks_m, colors = [], [], [], []
        for number, index in enumerate(self.indices.tolist()):
            vertices_m = people.vertices_m(head, index)
            camera = people.camera(index)
            hit_m, _ = first_hits_m(camera, *closed_mesh(head, vertices_m))
            hits.append(hit_m)
            landmarks_m.append(vertices_m[points])
            landmarks_px.append(camera.project(vertices_m[points]))
            rgba = people.rgba[index].astype(np.float32) / 255
            colors.append(np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=-1))
            if number % 50 == 0:
                report(Progress(number, len(self.indices), "meshes"))
        self.size_px = colors[0].shape[0]
        self.device = device
        self._hits = torch.from_numpy(np.stack(hits).astype(np.float32)).to(device)
        self._rgba = torch.from_numpy((np.stack(colors) * 255 + 0.5).astype(np.uint8)).to(device)
        self._landmarks_px = torch.from_numpy(np.stack(landmarks_px).astype(np.float32)).to(device)
        self.landmarks_m = torch.from_numpy(np.stack(landmarks_m).astype(np.float32)).to(device)
        inverse = np.linalg.inv(people.intrinsics[self.indices])
        world = np.linalg.inv(people.camera_from_world[self.indices])
        self._world_from_pixel = torch.from_numpy((world[:, :3, :3] @ inverse).astype(np.float32)).to(device)
        self._origins = torch.from_numpy(world[:, :3, 3].astype(np.float32)).to(device)

    def __len__(self) -> int:
        return len(self.indices)

    def draw(
        self,
        pictures: Int[Tensor, " k"],
        rays_each: int,
        *,
        near_landmarks: float,
        generator: torch.Generator,
    ) -> RayBatch:
        """So many rays of each of some pictures; those that stay far from the head are left out.

        Args:
            near_landmarks: share of rays that go near a landmark.
        """
        count, device = len(pictures), self.device
        shape = (count, rays_each)
        anywhere = torch.rand((*shape, 2), generator=generator, device=device) * self.size_px - 0.5
        which = torch.randint(68, shape, generator=generator, device=device)
        rows = pictures[:, None].expand(shape)
        around = self._landmarks_px[rows, which] + SPREAD * self.size_px * torch.randn(
            (*shape, 2), generator=generator, device=device
        )
        near = torch.rand(shape, generator=generator, device=device) < near_landmarks
        pixel = torch.where(near[..., None], around, anywhere).round().clamp(0, self.size_px - 1).long()
        hit_m = self._hits[rows, pixel[..., 1], pixel[..., 0]]
        picture = torch.arange(count, device=device)[:, None].expand(shape)
        keep = ~torch.isnan(hit_m)
        pixel, hit_m, picture, rows = pixel[keep], hit_m[keep], picture[keep], rows[keep]
        return self._batch(pixel, hit_m, picture, rows, pictures)

    def _batch(
        self, pixel: Tensor, hit_m: Tensor, picture: Tensor, rows: Tensor, pictures: Tensor
    ) -> RayBatch:
        homogeneous = torch.cat([pixel.float(), torch.ones_like(pixel[:, :1]).float()], dim=1)
        directions = (self._world_from_pixel[rows] @ homogeneous[..., None])[..., 0]
        directions = torch.nn.functional.normalize(directions, dim=1)
        rgba = self._rgba[rows, pixel[:, 1], pixel[:, 0]].float() / 255
        return RayBatch(Rays(self._origins[rows], directions), picture, pictures, rgba, hit_m)
