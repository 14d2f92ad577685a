"""From a request in plain words (who, which expression, which looks) to a dataset of posed pictures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.synthetic.expressions import PersonalStyle, find_expression
from mien.synthetic.scenes.posed_scene import (
    PosedStudio,
    PosedView,
    Sitter,
    cameras_around_sitter,
    scene_light,
)
from mien.synthetic.scenes.scene import random_identity
from mien.synthetic.scenes.scene_files import write_posed_scene
from mien.synthetic.scenes.scene_request import SceneRequest


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
        closed_neck=True,
    )
    light = scene_light(request.light, seed=request.looks_seed, skin_level=sitter.looks.skin_level)
    total = request.views + request.test_views
    cameras = cameras_around_sitter(
        sitter,
        count=total,
        size_px=studio.size_px,
        distance_m=request.distance_m,
        azimuth_rad=np.pi / 2 if request.sides == "front" else np.pi,
    )
    # Test views lie evenly among the others: the sequence of cameras runs from the lowest to the highest.
    test = {int((k + 0.5) * total / request.test_views) for k in range(request.test_views)}
    views = [studio.shoot(sitter, camera, light, seed=request.looks_seed) for camera in cameras]
    return sitter, views, test


def make_scene(studio: PosedStudio, request: SceneRequest, out: Path) -> Path:
    """Photograph and write a dataset; returns its transforms.json.

    Raises:
        InputError: see `photograph`; or the folder cannot be written.
    """
    sitter, views, test = photograph(studio, request)
    return write_posed_scene(out, views, sitter, studio.head, test=test, details={"request": asdict(request)})
