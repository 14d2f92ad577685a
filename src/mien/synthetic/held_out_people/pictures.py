"""Rendered pictures of a crowd."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.images.writing import write_image
from mien.progress import ProgressReport, reported, silent
from mien.synthetic.held_out_people.crowd import Crowd
from mien.synthetic.held_out_people.picture_files import picture_path
from mien.synthetic.scenes.scene import Pose, Scene
from mien.synthetic.scenes.studio import Studio


def render_crowd(crowd: Crowd, assets: Path, folder: Path, *, report: ProgressReport = silent) -> list[Path]:
    """Draw every shot that is not there yet; returns all paths.

    Looks are drawn per picture, so that a face is not always seen with one skin, hair and light.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """
    places = [(person, shot) for person in range(len(crowd)) for shot in range(crowd.shot_count)]
    paths = [picture_path(folder, person, shot) for person, shot in places]
    if all(path.exists() for path in paths):
        return paths
    studio = Studio(assets, size_px=crowd.size_px, head=crowd.as_head(load_head()))
    jobs = list(zip(places, paths, strict=True))
    for (person, shot), path in reported(jobs, report, label="rendering"):
        if not path.exists():
            scene = bare_scene(crowd.parameters(person, shot), crowd.camera(person, shot))
            looks = int(np.random.default_rng([crowd.seed, person, shot]).integers(2**31))
            write_image(path, studio.shoot(looks, scene).picture)
    return paths


def bare_scene(parameters: HeadParameters, camera: Camera) -> Scene:
    """A scene without the notes on pose and framing, which only training labels need."""
    return Scene(parameters, camera, Pose(0.0, 0.0, 0.0), face_side=float("nan"))
