"""A fitted head and a picture of it whose skin, light and eyes are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.drawing.textured import draw_look
from mien.fitting.results import HeadFit
from mien.heads.library import load_head
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.looks.albedo_model import albedo_model_for
from mien.looks.atlas import atlas_of
from mien.looks.colors import srgb_from_linear
from mien.looks.completion import complete
from mien.looks.eyes import IrisColor, draw_eyes
from mien.looks.hair import HairColor, usual_share, with_hair
from mien.looks.illumination import Illumination
from mien.looks.skin_tones import tone_of

SIDE_LIGHT = np.array([0.75, 0.25, 0.12])
"""Coefficients of x, y, z: brighter from the subject's left and above."""


@dataclass(frozen=True, eq=False)
class Sitter:
    """Somebody whose looks are known, and a picture of them."""

    head: Head
    fit: HeadFit
    image: np.ndarray
    look: HeadLook
    light: Illumination
    tone: np.ndarray
    iris: np.ndarray
    hair: np.ndarray


def fit_at(head: Head, *, yaw_rad: float = 0.0, size_px: int = 360) -> HeadFit:
    parameters = replace(
        head.neutral(),
        root_rotation=np.array([0.0, yaw_rad, 0.0]),
        root_translation_m=np.array([0.0, 0.0, -0.9]),
    )
    camera = Camera.from_focal(
        2.6 * size_px, width_px=size_px, height_px=size_px, camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    vertices = head.landmark_set("ibug68").vertices
    points_px = camera.project(head.vertices_m(parameters)[vertices])
    return HeadFit(
        parameters=parameters,
        camera=camera,
        landmarks=Landmarks2D(points_px, np.full(68, 0.5), "ibug68"),
        residuals_px=np.zeros((68, 2)),
        status=Status.CONVERGED,
        iterations=1,
        cost_history=(),
        head_name=head.name,
        head_version=head.version,
    )


DARK_HAIR, WHITE = np.array([0.02, 0.016, 0.012]), np.ones(3)


def make_sitter(
    head: Head,
    *,
    level: float,
    yaw_rad: float = 0.0,
    gain: float = 1.0,
    hair_color: np.ndarray = DARK_HAIR,
    light_color: np.ndarray = WHITE,
) -> Sitter:
    model = albedo_model_for(head)
    tone, iris = tone_of(level), np.array([0.10, 0.14, 0.20])
    hair = HairColor(hair_color, 1.0, hair_color)
    expected = model.log_albedo(tone, np.zeros(len(model.modes)))
    expected = with_hair(expected, usual_share(model, hair), hair)
    atlas = atlas_of(head, 512)
    albedo = complete([], atlas, model, expected, size_px=512)
    draw_eyes(albedo, atlas, IrisColor(iris, 0.0))
    look = HeadLook(base_color=srgb_from_linear(albedo))
    coefficients = np.zeros((9, 3))
    coefficients[0] = 0.75
    coefficients[1:4] = 0.35 * SIDE_LIGHT[:, None]
    light = Illumination(gain * coefficients * light_color, gain * 0.85 * light_color)
    fit = fit_at(head, yaw_rad=yaw_rad)
    background = np.full((fit.camera.height_px, fit.camera.width_px, 3), (90, 120, 160), np.uint8)
    image = draw_look(background, head, fit.parameters, fit.camera, look, light=light)
    return Sitter(head, fit, image, look, light, tone, iris, hair.color)


@pytest.fixture(scope="session")
def head() -> Head:
    return load_head()


@pytest.fixture(scope="session")
def sitter(head: Head) -> Sitter:
    return make_sitter(head, level=0.3)
