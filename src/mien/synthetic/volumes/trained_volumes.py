"""Volumes of really trained fields: what a field trained from pictures has and no analytic volume does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.posed_images import PosedImages
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.landmarks_in_fields.boxes import Box
from mien.landmarks_in_fields.canonical import CleanField, clean_field
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.held_out_people.draw import draw_crowd
from mien.synthetic.scenes.posed_scene import PosedStudio, Sitter, cameras_around_sitter, scene_light
from mien.synthetic.scenes.renderer import Light
from mien.synthetic.volumes.head_volume import HIGH_M, LOW_M, TRAINED, VOXEL_M, HeadVolume
from mien.synthetic.volumes.sitter_fields import field_of_sitter
from mien.synthetic.volumes.volume_store import HELD_OUT_SKINS, draw_person, write_volume

if TYPE_CHECKING:
    from mien.fields.radiance_field import RadianceField

PICTURE_PX = 128
TILE = 48
"""Voxels a side of the cubes in which a field is sampled."""


class TrainedVolumeMaker:
    """Photographs people, trains fields of them and samples these as `HeadVolume`s of the kind `TRAINED`."""

    def __init__(self, studio: PosedStudio) -> None:
        self.studio = studio
        self._ict68 = studio.head.landmark_set("ict68").vertices
        self._skins = [name for name in studio.skin_names if name not in HELD_OUT_SKINS]

    def make(
        self, person: int, *, takes: int, identity: Float[np.ndarray, " i"] | None = None
    ) -> Iterator[HeadVolume]:
        """Volumes of a person by a seed: who, which expressions, looks, light, pictures, settings.

        The first expression's field is trained from the silhouettes on, the others from the first.

        Args:
            identity: of the studio's head, instead of the seed's.
        """
        rng = np.random.default_rng([person, 23])
        looks, skin = int(rng.integers(2**31)), str(rng.choice(self._skins))
        hair = "none" if rng.random() < 0.1 else None
        accessories, shoulders = bool(rng.random() < 0.12), bool(rng.random() < 0.2)
        kind = "studio" if rng.random() < 0.5 else "random"
        settings = _random_settings(rng)
        views, refined = int(rng.integers(14, 29)), int(rng.integers(80, 160))
        field: RadianceField | None = None
        for take in range(takes):
            draw = draw_person(self.studio.head, person, take=take, identity=identity)
            sitter = self.studio.dress(
                draw.parameters,
                seed=looks,
                skin=skin,
                hair=hair,
                accessories=accessories,
                shoulders=shoulders,
            )
            light = scene_light(kind, seed=looks, skin_level=sitter.looks.skin_level)
            images = self._photograph(sitter, light, views=views, seed=looks)
            trained = field_of_sitter(sitter, images, settings, start_from=field, refine_iterations=refined)
            field = field or trained
            yield self._sampled(clean_field(trained), draw.parameters, name=draw.name)

    def _photograph(self, sitter: Sitter, light: Light, *, views: int, seed: int) -> PosedImages:
        cameras = cameras_around_sitter(sitter, count=views, size_px=self.studio.size_px)
        pictures = [self.studio.shoot(sitter, camera, light, seed=seed).picture for camera in cameras]
        return PosedImages.of(cameras, pictures)

    def _sampled(self, clean: CleanField, parameters: HeadParameters, *, name: str) -> HeadVolume:
        rgba, low_m = sampled_grid(clean)
        landmarks_m = self.studio.head.vertices_m(parameters)[self._ict68]
        return HeadVolume(rgba, low_m, VOXEL_M, landmarks_m, parameters.expression, name, TRAINED)


def _random_settings(rng: np.random.Generator) -> FieldConfig:
    """Around the draft preset."""
    draft = FieldConfig.preset("draft")
    return replace(
        draft,
        iterations=int(rng.integers(160, 300)),
        rays_per_step=1024,
        picture_side_px=int(rng.integers(72, 113)),
        density_activation="softplus" if rng.random() < 0.15 else "relu",
        pixel_rays_each_way=1 if rng.random() < 0.15 else 2,
        seed=int(rng.integers(2**31)),
    )


def sampled_grid(clean: CleanField) -> tuple[np.ndarray, np.ndarray]:
    """A cleaned field in the head's frame on a grid, as `HeadVolume.rgba`, and the grid's lower corner."""
    filled = np.argwhere(clean.solid)
    low_m = np.maximum(clean.low_m + filled.min(axis=0) * clean.voxel_m - 2 * VOXEL_M, LOW_M)
    high_m = np.minimum(clean.low_m + (filled.max(axis=0) + 1) * clean.voxel_m + 2 * VOXEL_M, HIGH_M)
    shape = np.ceil((high_m - low_m) / VOXEL_M).astype(int)
    tiles = -(-shape // TILE)
    rgba = np.zeros((*(tiles * TILE), 4), np.uint8)
    half_m = TILE * VOXEL_M / 2
    for tile in np.ndindex(*tiles):
        start = np.array(tile) * TILE
        box = Box(low_m + start * VOXEL_M + half_m, half_m, np.eye(3))
        values = clean.detail(box, TILE, samples=1).numpy()
        part = tuple(slice(s, s + TILE) for s in start)
        rgba[part] = np.rint(255 * np.moveaxis(values, 0, 3)).astype(np.uint8)
    x, y, z = shape
    return rgba[:x, :y, :z], low_m


def make_trained_volumes(
    assets: Path,
    folder: Path,
    *,
    first_seed: int,
    count: int,
    takes: int = 4,
    people: Literal["head", "makehuman"] = "head",
    report: ProgressReport = silent,
) -> int:
    """Write the volumes of people that are not there yet; returns how many were written.

    Args:
        count: volumes; takes: of each person.
        people: drawn from the built-in head's identities, or from MakeHuman anew, by `first_seed`: these lie
            beside what the head learned, as real people do.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """
    maker, written, head = None, 0, None
    persons = -(-count // takes)
    if people == "makehuman":
        head = draw_crowd(assets, count=persons, shots=1, seed=first_seed).as_head(load_head())
    for index in range(persons):
        person = first_seed + index
        identity = None if head is None else np.eye(persons)[index]
        paths = [folder / f"{person:06d}-{take}.npz" for take in range(takes)]
        if not all(path.exists() for path in paths):
            maker = maker or TrainedVolumeMaker(
                PosedStudio(assets, size_px=PICTURE_PX, head=head, even_hair=True)
            )
            try:
                for path, volume in zip(
                    paths, maker.make(person, takes=takes, identity=identity), strict=True
                ):
                    write_volume(path, volume)
                    written += 1
            except InputError:  # looks that cannot be dressed, or nothing left after cleaning
                pass
        report(Progress(min((index + 1) * takes, count), count, "volumes"))
    return written
