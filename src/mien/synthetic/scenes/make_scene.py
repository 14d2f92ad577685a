"""From a request in plain words (who, which expression, which looks) to a dataset of posed pictures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.synthetic.expressions import PersonalStyle, find_expression
from mien.synthetic.scenes.capture_effects import captured, orbit_cameras
from mien.synthetic.scenes.posed_scene import (
    PosedStudio,
    PosedView,
    Sitter,
    cameras_around,
    cameras_around_sitter,
    scene_light,
)
from mien.synthetic.scenes.scene import random_identity
from mien.synthetic.scenes.scene_files import write_capture
from mien.synthetic.scenes.scene_request import SceneRequest

CAPTURE_RADIUS_M = 0.235
"""What surrounds the head's middle and fills the pictures of a capture."""


def person_parameters(
    head: Head, request: SceneRequest, *, identity: np.ndarray | None = None
) -> HeadParameters:
    """The head of a request: at the origin, facing +z, joints at rest.

    Args:
        identity: (I,) instead of the seed's, for heads with other identities.
    """
    if identity is None:
        identity = random_identity(head, np.random.default_rng([request.person, 3]))
    style = PersonalStyle.of(head, identity, seed=request.person)
    weights = style.apply(find_expression(head, request.expression))
    return HeadParameters(identity, weights, np.zeros((4, 3)), np.zeros(3), np.zeros(3))


def photograph(studio: PosedStudio, request: SceneRequest) -> tuple[Sitter, list[PosedView], set[int]]:
    """The dressed head, its pictures, and which of them are test views.

    Raises:
        InputError: a name is unknown or a number makes no sense.
    """
    if request.views < 1 or request.test_views < 0 or request.distance_m < 0.3:
        raise InputError("needs at least one view, from at least 0.3 m", source="scene")
    parameters = person_parameters(studio.head, request)
    sitter = studio.dress(
        parameters,
        seed=request.looks_seed,
        skin=request.skin,
        hair=request.hair,
        accessories=request.accessories,
        shoulders=request.shoulders,
        closed_neck=True,
    )
    light = scene_light(request.light, seed=request.looks_seed, skin_level=sitter.looks.skin_level)
    total = request.views + request.test_views
    cameras = _cameras(studio, sitter, request, total)
    # Test views lie evenly among the others: the sequence of cameras runs from the lowest to the highest.
    test = {int((k + 0.5) * total / request.test_views) for k in range(request.test_views)}
    views = [studio.shoot(sitter, camera, light, seed=request.looks_seed) for camera in cameras]
    return sitter, views, test


def _cameras(studio: PosedStudio, sitter: Sitter, request: SceneRequest, count: int) -> list[Camera]:
    if request.surroundings == "none" and not request.shoulders and request.sides != "orbit":
        azimuth_rad = np.pi / 2 if request.sides == "front" else np.pi
        return cameras_around_sitter(
            sitter,
            count=count,
            size_px=studio.size_px,
            distance_m=request.distance_m,
            azimuth_rad=azimuth_rad,
        )
    # Whoever takes a picture of somebody fills it with the head, not with the clothes
    head_m = studio.head.vertices_m(sitter.parameters)
    centre_m = (head_m.min(axis=0) + head_m.max(axis=0)) / 2
    common = {"count": count, "size_px": studio.size_px, "distance_m": request.distance_m}
    if request.sides == "orbit":
        return orbit_cameras(centre_m, radius_m=CAPTURE_RADIUS_M, seed=request.looks_seed, **common)
    return cameras_around(
        centre_m,
        radius_m=CAPTURE_RADIUS_M,
        azimuth_rad=np.radians(80) if request.sides == "front" else np.pi,
        elevation_rad=(-0.35, 0.6),
        **common,
    )


def make_scene(studio: PosedStudio, request: SceneRequest, out: Path) -> Path:
    """Photograph and write a dataset; returns its transforms.json (the pictures' folder without cameras).

    Raises:
        InputError: see `photograph`; or the folder cannot be written.
    """
    sitter, views, test = photograph(studio, request)
    return write_capture(
        out,
        captured(views, request),
        sitter,
        studio.head,
        test=test,
        details={"request": asdict(request)},
        with_cameras=not request.no_cameras,
    )
