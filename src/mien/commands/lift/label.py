"""`mien lift label VIDEO…`: 2D landmarks of video frames, to train a lifting network from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.display import print_table, print_written, progress_bar
from mien.commands.options import LandmarkerOptions
from mien.datasets.lifting.video_frames import LabelFramesConfig


@dataclass(frozen=True)
class LiftLabelConfig:
    """Label the best face in frames of videos with 2D landmarks, for training.

    Videos of real people teach what generators do not show; no 3D is needed of them.
    """

    videos: Positional[tuple[Path, ...]]
    """Videos."""
    frames: Flat[LabelFramesConfig]
    """Which frames, how they are shown."""
    finding: Flat[LandmarkerOptions] = LandmarkerOptions()


def run(arguments: list[str]) -> int:
    """Label; returns the exit code."""
    config = parse(LiftLabelConfig, arguments, prog="mien lift label")
    from mien.commands.batch import check_some
    from mien.datasets.lifting.video_frames import label_frames
    from mien.landmarks.landmarker import Landmarker

    check_some(config.videos, what="video", usage="mien lift label clip.mp4 --encoders face_mesh.onnx")
    landmarker = Landmarker(config.finding.model, search=config.finding.search)
    with progress_bar("labelling") as bar:
        counts = label_frames(list(config.videos), landmarker, config.frames, report=bar)
    print_table(("video", "frames with a face"), [(name, str(count)) for name, count in counts.items()])
    print_written([config.frames.out], next_step=f"train: mien train lifting --frames {config.frames.out}")
    return 0
