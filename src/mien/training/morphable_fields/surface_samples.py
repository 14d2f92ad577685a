"""Samples of rays about known meshes, with their places on the surface: what model (d) learns from."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from mien.heads.model import Head
from mien.morphable_fields.head_surface import HeadSurface, SurfacePlaces
from mien.morphable_fields.texture_sampling import as_texture, texels_at
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.expressive_people.pictures import ExpressivePeople
from mien.training.morphable_fields.picture_rays import PictureRays

BEFORE_M, BEHIND_M = 0.003, 0.007
"""Of the mesh, how far rays are sampled."""


@dataclass(frozen=True)
class SurfaceSamples:
    """Rays of S samples each, in half precision.

    Attributes:
        uv: (R, S, 2) less a half, in 65534ths; height_m, distance_m: (R, S); normals: (R, S, 3) in 127ths;
        local: (R, S, 4); texels: (R, S, 3) in 255ths; directions: (R, 3); rgba: (R, 4) colours multiplied by
        alpha; person: (R,).
    """

    uv: Int[Tensor, "r s 2"]
    height_m: Float[Tensor, "r s"]
    distance_m: Float[Tensor, "r s"]
    normals: Int[Tensor, "r s 3"]
    local: Float[Tensor, "r s 4"]
    texels: UInt8[Tensor, "r s 3"]
    directions: Float[Tensor, "r 3"]
    rgba: Float[Tensor, "r 4"]
    person: Int[Tensor, " r"]

    def __len__(self) -> int:
        return len(self.person)

    def at(self, rows: Int[Tensor, " n"]) -> SurfaceSamples:
        """Some rays."""
        return SurfaceSamples(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def to(self, device: torch.device) -> SurfaceSamples:
        return SurfaceSamples(**{each.name: getattr(self, each.name).to(device) for each in fields(self)})

    @staticmethod
    def together(parts: list[SurfaceSamples]) -> SurfaceSamples:
        return SurfaceSamples(
            **{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(SurfaceSamples)}
        )

    def places(self) -> SurfacePlaces:
        """All samples of all rays, one after the other."""
        return SurfacePlaces(
            uv=(self.uv.float() / 65534 + 0.5).flatten(0, 1),
            height_m=self.height_m.float().flatten() / 1000,
            distance_m=self.distance_m.float().flatten() / 1000,
            normals=(self.normals.float() / 127).flatten(0, 1),
            local=self.local.float().flatten(0, 1),
        )


def collect_samples(
    people: ExpressivePeople,
    head: Head,
    rays: PictureRays,
    *,
    rays_each: int,
    samples: int,
    near_landmarks: float,
    seed: int,
    report: ProgressReport = silent,
) -> SurfaceSamples:
    """So many rays of every learned picture."""
    generator = torch.Generator(rays.device).manual_seed(seed)
    textures = [as_texture(texture, rays.device) for texture in people.textures]
    parts = []
    for number, index in enumerate(rays.indices.tolist()):
        one = torch.tensor([number], device=rays.device)
        batch = rays.draw(one, rays_each, near_landmarks=near_landmarks, generator=generator)
        surface = HeadSurface(head, people.vertices_m(head, index), device=rays.device)
        place = (torch.arange(samples, device=rays.device) + torch.rand(
            (len(batch.rays), samples), generator=generator, device=rays.device
        )) / samples  # fmt: skip
        distances_m = batch.hit_m[:, None] - BEFORE_M + place * (BEFORE_M + BEHIND_M)
        points_m = batch.rays.at(distances_m).flatten(0, 1)
        found = surface.places(points_m)
        person = int(people.person[index])
        shape = distances_m.shape
        parts.append(
            SurfaceSamples(
                uv=((found.uv.clamp(0, 1) - 0.5) * 65534).round().to(torch.int16).reshape(*shape, 2),
                height_m=(1000 * found.height_m).half().reshape(shape),
                distance_m=(1000 * found.distance_m).half().reshape(shape),
                normals=(found.normals * 127).round().to(torch.int8).reshape(*shape, 3),
                local=found.local.clamp(-60, 60).half().reshape(*shape, 4),
                texels=(255 * texels_at(textures[person], found.uv)).round().byte().reshape(*shape, 3),
                directions=batch.rays.directions,
                rgba=batch.rgba,
                person=torch.full((shape[0],), person, device=rays.device),
            )
        )
        if number % 20 == 0:
            report(Progress(number, len(rays.indices), "samples"))
    return SurfaceSamples.together(parts)


def textures_of(people: ExpressivePeople, device: torch.device) -> Float[Tensor, "p 3 s s"]:
    """All texture maps in [0, 1]."""
    stacked = np.ascontiguousarray(people.textures.transpose(0, 3, 1, 2))
    return torch.from_numpy(stacked).to(device).float() / 255
