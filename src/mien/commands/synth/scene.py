"""`mien synth scene`: a synthetic head photographed from all around, as a nerfstudio dataset."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import note, print_written
from mien.commands.options import OutFolder
from mien.synthetic.scenes.scene_request import SceneRequest


@dataclass(frozen=True)
class SynthSceneConfig:
    """Photograph a synthetic head from all around: RGBA pictures, masks, true depth and true 3D landmarks.

    The dataset has nerfstudio's layout; its world is the head's frame (metres, +y up, +z out of the face).
    """

    assets: Path
    """Folder that holds ict_facekit/ and makehuman/."""
    size: int = 256
    """Side of the pictures, pixels."""
    drawn_each_way: int = 2
    """A pixel is the mean of so many drawn pixels, each way. With 1 outlines and hair are grainy."""
    scene: Flat[SceneRequest] = SceneRequest()
    folder: Flat[OutFolder] = OutFolder(Path("scene"))


def run(arguments: list[str]) -> int:
    """Write one dataset."""
    config = parse(SynthSceneConfig, arguments, prog="mien synth scene")
    from mien.synthetic.scenes.make_scene import make_scene
    from mien.synthetic.scenes.posed_scene import PosedStudio

    start = time.perf_counter()
    studio = PosedStudio(config.assets, size_px=config.size, supersampling=config.drawn_each_way)
    note(f"studio ready after {time.perf_counter() - start:.0f} s")
    path = make_scene(studio, config.scene, config.folder.out)
    out, scene = config.folder.out, config.scene
    print(f"{scene.views} + {scene.test_views} pictures, with the truth in {out / 'truth.json'}")
    print_written([out], next_step=f"train a field with: mien field train {path} --out {out.name}.field")
    return 0
