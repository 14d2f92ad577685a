"""The commands that are killed, with little to do each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mien.errors import MienError
from mien.evaluation.interruptions.killed_runs import Work

CHECKPOINT = "checkpoint.pt"


def light_works(photo: Path, place: Path) -> list[Work]:
    """Fitting and tracking a photo.

    Args:
        place: for a video that is made of it.
    """
    from mien.evaluation.tracking.still_faces import still_portrait
    from mien.images.photo import read_image
    from mien.images.video import VideoWriter

    clip = place / "clip.mp4"
    with VideoWriter(clip, frames_per_second=25.0) as video:
        for _, picture in zip(range(16), still_portrait(read_image(photo)), strict=False):
            video.write(picture)
    texture = ["--texture-size", "256"]
    formats = ["--formats", "glb", "obj", "npz", "json", "csv"]
    return [
        Work("fit", lambda out: ["fit", str(photo.resolve()), "--out", str(out), *texture, *formats]),
        Work("track", lambda out: ["track", str(clip), "--out", str(out), *texture]),
    ]


def making_works(assets: Path, place: Path) -> list[Work]:
    """Drawing pictures, and training a field and a landmark network on some that are drawn here.

    Args:
        assets: folder that holds ict_facekit/ and makehuman/.

    Raises:
        MienError: they cannot be drawn.
    """
    assets = assets.resolve()
    shards, scene = place / "shards", place / "scene"
    small = ["--assets", str(assets), "--size", "96"]
    _run("synth", *small, "--count", "40", "--workers", "1", "--out", str(shards))
    _run("synth", "scene", *small, "--views", "10", "--test-views", "1", "--out", str(scene))

    def train_field(out: Path) -> list[str]:
        field = out / "person.field"
        going = (out / "person.field.training" / CHECKPOINT).exists()
        return [
            "field", "train", str(scene), "--out", str(field), "--preset", "draft", "--iterations", "120",
            "--checkpoint-minutes", "0.01", "--device", "cpu", *(["--resume"] if going else []),
        ]  # fmt: skip

    def train_landmarks(out: Path) -> list[str]:
        return [
            "train", "landmarks", "--data", str(shards), "--out", str(out), "--network", "resnet10_quarter",
            "--max-steps", "40", "--batch", "4", "--held-out", "0", "--checkpoint-minutes", "0.02",
            "--device", "cpu", *(["--resume"] if (out / CHECKPOINT).exists() else []),
        ]  # fmt: skip

    return [
        Work(
            "synth",
            lambda out: ["synth", *small, "--count", "6", "--workers", "1", "--out", str(out)],
            anew=True,
        ),
        Work("field train", train_field),
        Work("train landmarks", train_landmarks, anew=True),
    ]


def _run(*arguments: str) -> None:
    main = "import sys; from mien.commands.app import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", main, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise MienError(f"mien {' '.join(arguments)} failed: {done.stderr.strip()[-300:]}")
