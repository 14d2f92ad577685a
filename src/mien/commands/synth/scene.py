"""`mien synth scene`: a synthetic head photographed from all around, as a nerfstudio dataset."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path

from mien.commands.arguments import parse
from mien.commands.display import note
from mien.synthetic.scenes.scene_request import SceneRequest


@dataclass(frozen=True, kw_only=True)
class SceneConfig(SceneRequest):
    """Photograph a synthetic head from all around: RGBA pictures, masks, true depth and true 3D landmarks.

    The dataset has nerfstudio's layout; its world is the head's frame (metres, +y up, +z out of the face).
    """

    assets: Path
    """Folder that holds ict_facekit/ and makehuman/."""
    out: Path = Path("scene")
    """Folder for the dataset."""
    size: int = 256
    """Side of the pictures, pixels."""


def run(arguments: list[str]) -> int:
    """Write one dataset."""
    config = parse(SceneConfig, arguments, prog="mien synth scene")
    from mien.synthetic.scenes.make_scene import make_scene
    from mien.synthetic.scenes.posed_scene import PosedStudio

    start = time.perf_counter()
    studio = PosedStudio(config.assets, size_px=config.size)
    note(f"studio ready after {time.perf_counter() - start:.0f} s")
    request = SceneRequest(**{field.name: getattr(config, field.name) for field in fields(SceneRequest)})
    path = make_scene(studio, request, config.out)
    print(
        f"{config.views} + {config.test_views} pictures in {config.out}; truth in {config.out / 'truth.json'}"
    )
    print(f"train a field with: mien field train {path} --out {config.out.name}.field")
    return 0
