"""Frames of videos with 2D landmarks: what a lifting network learns from real footage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.datasets.crops.degradation import DegradationConfig, degrade
from mien.datasets.crops.warp import WarpConfig, jittered_region
from mien.datasets.encoded_crops import EncodedCrops, EncodedManifest, joined, shard_path
from mien.datasets.encoders import CROP_PX, Encoders
from mien.errors import InputError
from mien.files import OutputFolder
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D
from mien.progress import Progress, ProgressReport, silent

_SCALE = 1.0
"""Side of the crops over that of the face's region."""


@dataclass(frozen=True)
class LabelFramesConfig:
    """2D landmarks of the best face in frames of videos, and what frozen networks say about its crops."""

    encoders: tuple[Path, ...]
    """Encoders' ONNX files (`mien train face-mesh`), those of the views."""
    out: OutputFolder = Path("frames")
    """Folder for the encoded crops: --frames of `mien train lifting`."""
    every: int = 5
    """Take one of so many frames."""
    each: int = 2
    """How many different crops of every frame."""
    set: str = "wflw98"
    """Landmark set."""
    seed: int = 0
    """Seed of the crops' jitter."""


def label_frames(
    videos: list[Path], landmarker: Landmarker, config: LabelFramesConfig, *, report: ProgressReport = silent
) -> dict[str, int]:
    """Write a shard per video; returns how many frames of each showed a face.

    Raises:
        InputError: a video cannot be read, or none shows a face.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    encoders = Encoders(config.encoders, places=False)
    pictures = [{"kind": "video frames", "videos": len(videos), "every": config.every}]
    maps = tuple(encoders.map_shapes)
    manifest = EncodedManifest(encoders.shapes, config.set, _SCALE, config.seed, pictures, maps)
    counts = {}
    for number, video in enumerate(videos):
        parts, labelled = [], 0
        for index, image, face in _faces(video, landmarker, config.every):
            rng = np.random.default_rng([config.seed, number, index])
            parts.append(_crops(image, face, config.set, encoders, config.each, rng))
            labelled += 1
            report(Progress(index, 0, video.name))
        counts[video.name] = labelled
        if parts:
            joined(parts).save(shard_path(config.out, number, part="train"))
    if not any(counts.values()):
        raise InputError("no frame shows a face", source=", ".join(map(str, videos)))
    manifest.save(config.out)
    return counts


def _faces(video: Path, landmarker: Landmarker, every: int):
    """Number, picture and best face of every so many frames that show one."""
    from mien.images.video import open_video

    last: Landmarks2D | None = None
    with open_video(video) as reader:
        for index, frame in enumerate(reader):
            if index % every:
                continue
            followed = None if last is None else landmarker.track(frame.image, last)
            if followed is None:
                found = landmarker(frame.image, max_faces=1)
                followed = found[0] if found else None
            last = followed
            if followed is not None:
                yield index, frame.image, followed


def _crops(
    image: np.ndarray,
    face: Landmarks2D,
    set_name: str,
    encoders: Encoders,
    each: int,
    rng: np.random.Generator,
) -> EncodedCrops:
    region = region_from_points(face.points_px, face.set_name)
    points_px = face.to(set_name).points_px
    crops, labels = [], []
    for time in range(each):
        shown = jittered_region(region, rng, WarpConfig(crop_scale=_SCALE))
        crop = shown.crop(image, CROP_PX)
        crops.append(crop if time == 0 else degrade(crop, rng, DegradationConfig()))
        labels.append(shown.picture_to_network(points_px))
    encoding = encoders(np.stack(crops))
    points = np.stack(labels).astype(np.float32)
    return EncodedCrops(
        points=encoding.points,
        features=encoding.features.astype(np.float16),
        labels=points,
        posed_mean=np.full_like(points, np.nan),
        presence=np.ones(each, np.float32),
        yaw_rad=np.full(each, np.nan, np.float32),
    )
