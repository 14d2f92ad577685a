"""`mien synth scene`: a synthetic head photographed from all around, as a nerfstudio dataset."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import parse


@dataclass(frozen=True)
class SceneConfig:
    """Photograph a synthetic head from all around: RGBA pictures, masks, true depth and true 3D landmarks.

    The dataset has nerfstudio's layout; its world is the head's frame (metres, +y up, +z out of the face).
    """

    assets: Path
    """Folder that holds ict_facekit/ and makehuman/."""
    out: Path = Path("scene")
    """Folder for the dataset."""
    person: int = 0
    """Seed of the person: shape, and how they make expressions."""
    looks: int | None = None
    """Seed of skin, eyes, brows and hair; the person's when not given."""
    expression: str = "neutral"
    """One of the 110 by name (smile, mouth_stretch, …), or weights: jawOpen=0.5,mouthSmile=1."""
    skin: str | None = None
    """Name of a MakeHuman skin, instead of the looks' own."""
    hair: str | None = None
    """"none" or the name of a MakeHuman hair style, instead of the looks' own."""
    accessories: bool = False
    """Keep glasses, a microphone, a cap or a scarf where the looks have them."""
    light: Literal["studio", "random"] = "studio"
    """Even light, or the light of the random synthetic pictures."""
    views: int = 24
    """Pictures to train on."""
    test_views: int = 4
    """Further pictures, marked as test views in transforms.json."""
    size: int = 256
    """Side of the pictures, pixels."""
    sides: Literal["all", "front"] = "all"
    """Cameras all around the head, or on the hemisphere in front of it."""
    distance_m: float = 1.0
    """Distance of the cameras from the head's middle."""


def run(arguments: list[str]) -> int:
    """Write one dataset."""
    config = parse(SceneConfig, arguments, prog="mien synth scene")
    from mien.training.synth.make_scene import SceneRequest, make_scene, open_studio

    start = time.perf_counter()
    studio = open_studio(config.assets, size_px=config.size)
    print(f"studio ready after {time.perf_counter() - start:.0f} s", file=sys.stderr)
    request = SceneRequest(
        person=config.person,
        looks=config.person if config.looks is None else config.looks,
        expression=config.expression,
        skin=config.skin,
        hair=config.hair,
        accessories=config.accessories,
        light=config.light,
        views=config.views,
        test_views=config.test_views,
        front_only=config.sides == "front",
        distance_m=config.distance_m,
    )
    path = make_scene(studio, request, config.out)
    print(
        f"{config.views} + {config.test_views} pictures in {config.out}; truth in {config.out / 'truth.json'}"
    )
    print(f"train a field with: mien field train {path} --out {config.out.name}.field")
    return 0
