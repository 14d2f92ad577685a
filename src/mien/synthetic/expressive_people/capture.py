"""Photographing people with the 20 basic expressions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.results import HeadFit
from mien.heads.model import Head
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.looks.atlas import atlas_of
from mien.looks.head_look import head_look
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.expressions import PersonalStyle, basic_expressions
from mien.synthetic.expressive_people.config import ExpressivePeopleConfig
from mien.synthetic.expressive_people.pictures import (
    LEARNED,
    UNSEEN_PERSON,
    UNSEEN_VIEW,
    ExpressivePeople,
    reduced,
)
from mien.synthetic.people import random_person
from mien.synthetic.scenes.posed_scene import PosedStudio, Sitter, look_at, scene_light

CENTRE_M = np.array([0.0, 0.0, 0.02])
"""Where all cameras look: the middle of a mean head, head frame."""
DISTANCE_M, RADIUS_M = 1.0, 0.165
"""From cameras to the middle, and what their pictures hold around it."""
AZIMUTH_RAD, ELEVATION_RAD = np.radians([-90.0, 90.0]), np.radians([-25.0, 45.0])
"""Where cameras stand (MoFaNeRF: -90° to 81°, -30° to 45°)."""
TEXTURE_VIEWS_RAD = ((0.0, 0.05), (-0.8, 0.0), (0.8, 0.0), (0.0, 0.6))
"""Azimuths and elevations of the pictures that a texture map is made of."""
TEETH = 0.62
"""Brightness of the teeth of these heads over those that a look draws where no picture shows any: told so, a
model learns that teeth are lit as the skin is, and shows others' as bright as they are."""


@dataclass(frozen=True, eq=False)
class _Somebody:
    """A person of the data; `seed` is that of the looks."""

    identity: Float[np.ndarray, " identity"]
    style: PersonalStyle
    seed: int
    skin: str


def camera_at(azimuth_rad: float, elevation_rad: float, size_px: int) -> Camera:
    """A camera of these pictures."""
    cosine = np.cos(elevation_rad)
    outward = np.array([np.sin(azimuth_rad) * cosine, np.sin(elevation_rad), np.cos(azimuth_rad) * cosine])
    pose = look_at(CENTRE_M, CENTRE_M + DISTANCE_M * outward)
    focal_px = 0.5 * size_px * np.sqrt(DISTANCE_M**2 - RADIUS_M**2) / RADIUS_M
    return Camera.from_focal(float(focal_px), width_px=size_px, height_px=size_px, camera_from_world=pose)


class ExpressivePeopleStudio:
    """Photographs them; one per process, since it owns an OpenGL context.

    Heads are bald or shaved and wear nothing, as FaceScape's scans, which have caps on: what 68 landmarks and
    a texture of the face cannot tell would only be learned by heart.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """

    def __init__(self, assets: Path, config: ExpressivePeopleConfig) -> None:
        if config.measured_size % config.size:
            raise InputError(
                f"measured_size {config.measured_size} must be a multiple of size {config.size}",
                source="ExpressivePeopleConfig",
            )
        self._config = config
        self._studio = PosedStudio(assets, size_px=config.measured_size)
        self.head = self._studio.head

    def photograph(self, *, report: ProgressReport = silent) -> ExpressivePeople:
        """All pictures."""
        config, head = self._config, self.head
        rng = np.random.default_rng([config.seed, 1])
        skins = sorted(self._studio.skin_names)
        reserved = set(rng.permutation(skins)[: config.unseen_people].tolist())
        everybody = [
            self._somebody(number, sorted(set(skins) - reserved), rng) for number in range(config.people)
        ]
        everybody += [
            self._somebody(config.people + number, [skin], rng)
            for number, skin in enumerate(sorted(reserved))
        ]
        rows: dict[str, list] = {name: [] for name in (
            "expression", "person", "expression_number", "kind", "rgba", "intrinsics", "camera_from_world"
        )}  # fmt: skip
        textures = []
        for number, person in enumerate(everybody):
            textures.append(self._texture(person))
            seen = number < config.people
            basic = basic_expressions(head)
            chosen = range(len(basic))
            if seen and config.expressions < len(basic):
                some = rng.choice(np.arange(1, len(basic)), config.expressions - 1, replace=False)
                chosen = [0, *sorted(some.tolist())]
            for which in chosen:
                expression = basic[which]
                weights = person.style.apply(expression.weights)
                kinds = [LEARNED] * config.views + [UNSEEN_VIEW] if seen else [UNSEEN_PERSON]
                for kind, camera, picture in self._views(person, weights, kinds, rng):
                    rows["expression"].append(weights)
                    rows["person"].append(number)
                    rows["expression_number"].append(which)
                    rows["kind"].append(kind)
                    rows["rgba"].append(picture)
                    rows["intrinsics"].append(camera.intrinsics)
                    rows["camera_from_world"].append(camera.camera_from_world)
            report(Progress(number + 1, len(everybody), f"person {number + 1}"))
        pictures = rows.pop("rgba")
        return ExpressivePeople(
            identity=np.stack([person.identity for person in everybody]),
            textures=np.stack(textures),
            rgba=pictures,
            **{name: np.array(values) for name, values in rows.items()},
        )

    def _somebody(self, number: int, skins: list[str], rng: np.random.Generator) -> _Somebody:
        identity = random_person(self.head, rng).identity
        style = PersonalStyle.of(self.head, identity, seed=number)
        return _Somebody(identity, style, self._config.seed * 1000 + number, str(rng.choice(skins)))

    def _sitter(self, person: _Somebody, weights: np.ndarray) -> Sitter:
        parameters = replace(self.head.neutral(), identity=person.identity, expression=weights)
        return self._studio.dress(
            parameters, seed=person.seed, skin=person.skin, hair="none", closed_neck=True
        )

    def _views(
        self, person: _Somebody, weights: np.ndarray, kinds: list[int], rng: np.random.Generator
    ) -> list[tuple[int, Camera, UInt8[np.ndarray, "size size 4"]]]:
        out, sitter = [], self._sitter(person, weights)
        for kind in kinds:
            camera = camera_at(
                float(rng.uniform(*AZIMUTH_RAD)), float(rng.uniform(*ELEVATION_RAD)), self._studio.size_px
            )
            picture = self._shoot(sitter, camera, person)
            if kind == LEARNED:
                camera = camera.resized(width_px=self._config.size, height_px=self._config.size)
                picture = reduced(picture, self._config.size)
            out.append((kind, camera, picture))
        return out

    def _shoot(self, sitter: Sitter, camera: Camera, person: _Somebody) -> UInt8[np.ndarray, "size size 4"]:
        light = scene_light("studio", seed=person.seed, skin_level=sitter.looks.skin_level)
        return self._studio.shoot(sitter, camera, light, seed=person.seed).picture

    def _texture(self, person: _Somebody) -> UInt8[np.ndarray, "size size 3"]:
        """The map of somebody's neutral face, from pictures, as users have it."""
        neutral = np.zeros(self.head.expression_count)
        sitter = self._sitter(person, neutral)
        fits, pictures = [], []
        for azimuth_rad, elevation_rad in TEXTURE_VIEWS_RAD:
            camera = camera_at(azimuth_rad, elevation_rad, self._studio.size_px)
            rgba = self._shoot(sitter, camera, person)
            share = rgba[..., 3:] / 255.0
            pictures.append(np.rint(rgba[..., :3] * share + 128 * (1 - share)).astype(np.uint8))
            fits.append(known_fit(self.head, person.identity, neutral, camera))
        look = head_look(fits, pictures, texture="photo", size_px=self._config.texture_size, head=self.head)
        return with_teeth(look.base_color, self.head, TEETH)


def with_teeth(
    texture: UInt8[np.ndarray, "size size 3"], head: Head, brightness: float
) -> UInt8[np.ndarray, "size size 3"]:
    """A texture with brighter or darker teeth."""
    teeth = np.array([name.endswith("teeth") for name in head.part_names])[head.vertex_parts]
    atlas, result = atlas_of(head, len(texture)), texture.copy()
    texels = teeth[atlas.corners[..., 0]]
    result[texels] = np.clip(np.rint(brightness * texture[texels]), 0, 255).astype(np.uint8)
    return result


def known_fit(head: Head, identity: np.ndarray, expression: np.ndarray, camera: Camera) -> HeadFit:
    """What fitting would find if it found everything."""
    parameters = replace(head.neutral(), identity=identity, expression=expression)
    points_px = camera.project(head.vertices_m(parameters)[head.landmark_set("dense320").vertices])
    sigma_px = np.ones(len(points_px))
    return HeadFit(
        parameters=parameters,
        camera=camera,
        landmarks=Landmarks2D(points_px, sigma_px, "dense320"),
        residuals_px=np.zeros_like(points_px),
        status=Status.CONVERGED,
        iterations=0,
        cost_history=(),
        head_name=head.name,
        head_version=head.version,
    )
