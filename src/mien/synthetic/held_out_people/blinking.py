"""Videos of a crowd's people who sway and blink, for measuring what tracking keeps of blinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mien.heads.library import load_head
from mien.images.video import VideoWriter
from mien.progress import Progress, ProgressReport, silent
from mien.synthetic.held_out_people.blink_scripts import BlinkScript, person_script
from mien.synthetic.held_out_people.crowd import Crowd
from mien.synthetic.held_out_people.picture_files import blinks_path
from mien.synthetic.held_out_people.pictures import bare_scene
from mien.synthetic.scenes.studio import Studio

_NOISE = 3.0
"""Deviation of the sensor's noise, grey levels."""


def film_blinks(
    crowd: Crowd,
    assets: Path,
    folder: Path,
    *,
    people: Sequence[int],
    report: ProgressReport = silent,
) -> list[Path]:
    """Film people as their `person_script` says, each in one dress and light, with fresh noise in
    every frame; videos that are there already are kept. Returns all paths.

    Raises:
        InputError: the assets are not there.
        MissingExtraError: no OpenGL context can be made.
    """
    paths = {person: blinks_path(folder, person) for person in people}
    missing = [person for person, path in paths.items() if not path.exists()]
    if not missing:
        return list(paths.values())
    everybody = crowd.as_head(load_head())
    scripts = {person: person_script(everybody, person) for person in missing}
    frames = sum(len(script.truths) for script in scripts.values())
    studio = Studio(assets, size_px=scripts[missing[0]].camera.width_px, head=everybody)
    done = 0
    for person, script in scripts.items():
        paths[person].parent.mkdir(parents=True, exist_ok=True)
        with VideoWriter(paths[person], frames_per_second=script.frames_per_second) as video:
            for image in _frames(studio, script, seed=[crowd.seed, person]):
                video.write(image)
                done += 1
                report(Progress(done, frames, "filming"))
    return list(paths.values())


def _frames(studio: Studio, script: BlinkScript, *, seed: list[int]) -> Iterator[np.ndarray]:
    looks = int(np.random.default_rng([*seed, 5]).integers(2**31))
    noise = np.random.default_rng([*seed, 6])
    for truth in script.truths:
        picture = studio.shoot(looks, bare_scene(truth, script.camera)).picture
        noisy = picture + _NOISE * noise.standard_normal(picture.shape, dtype=np.float32)
        yield np.clip(noisy, 0, 255).astype(np.uint8)
