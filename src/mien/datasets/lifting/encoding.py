"""Posed views shown to frozen encoders, once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.degradation import degrade
from mien.datasets.crops.occluders import add_occluders
from mien.datasets.encoders import CROP_PX, Encoders
from mien.datasets.lifting.encoded_lifts import EncodedLifts, joined, lift_shard_path
from mien.datasets.lifting.labels import shown_share
from mien.datasets.lifting.posed_crops import PosedCrop, TurnConfig, posed_crop
from mien.datasets.lifting.posed_views import PosedViews, read_posed_views, shards_of
from mien.errors import InputError
from mien.files import OutputFolder, write_text
from mien.heads.library import load_head
from mien.lifting.lifter import CROP_FRAMING_SET
from mien.progress import Progress, ProgressReport, silent
from mien.reading.json_files import read_json_object

_AT_ONCE = 16


@dataclass(frozen=True)
class EncodeLiftsConfig:
    """Crops of posed views, and what frozen networks say about them."""

    views: tuple[Path, ...]
    """Folders of posed views (`mien lift views`)."""
    encoders: tuple[Path, ...]
    """Encoders' ONNX files (`mien train face-mesh`)."""
    out: OutputFolder = Path("encoded-views")
    """Folder for the encoded crops."""
    each: int = 3
    """How many different crops of every view."""
    augmentation: bool = True
    """Turn, mirror, occlude and degrade at random; without it crops are shown as they are."""
    turns: TurnConfig = field(default_factory=TurnConfig)
    """How far crops stray."""
    seed: int = 0
    """Seed of the augmentation."""


def encode_views(config: EncodeLiftsConfig, *, report: ProgressReport = silent) -> list[Path]:
    """Write a shard of crops for each shard of views, those that are not there yet.

    Raises:
        InputError: no views, no encoders, or the folder holds crops of other settings.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    encoders = Encoders(config.encoders, places=False)
    sources = [(part, path) for part, folder in enumerate(config.views) for path in shards_of(folder)]
    manifests = [
        read_json_object(folder / "manifest.json")
        for folder in config.views
        if (folder / "manifest.json").is_file()
    ]
    manifest = {
        "format_version": 1,
        "encoders": [file.stem for file in config.encoders],
        "points": encoders.point_count,
        "first_points": encoders.first_points,
        "features": encoders.feature_count,
        "maps": [list(shape) for shape in encoders.map_shapes],
        "each": config.each,
        "augmentation": config.augmentation,
        "turns": asdict(config.turns),
        "seed": config.seed,
        "views": manifests,
    }
    path = config.out / "manifest.json"
    if path.is_file():
        there = read_json_object(path)
        other = [name for name in manifest if name != "views" and there.get(name) != manifest[name]]
        if other:
            raise InputError(
                f"holds crops made with another {', '.join(other)}; choose another --out", source=config.out
            )
    write_text(path, json.dumps(manifest, indent=1))
    written = []
    for done, (part, source) in enumerate(sources):
        report(Progress(done, len(sources), "encoding"))
        target = lift_shard_path(config.out, source, part=part)
        if not target.exists():
            _encoded(config, encoders, read_posed_views(source)).save(target)
        written.append(target)
    report(Progress(len(sources), len(sources), "encoding"))
    return written


def _encoded(config: EncodeLiftsConfig, encoders: Encoders, views: PosedViews) -> EncodedLifts:
    head = load_head()
    framing_m = head.mean_m[head.landmark_set(CROP_FRAMING_SET).vertices]
    augment = AugmentConfig.usual()
    turns = config.turns if config.augmentation else TurnConfig.none()
    parts, crops, latents = [], [], []
    other, shown = views.picture(0), shown_share(config.views[0])
    for row in range(len(views)):
        picture, camera = views.picture(row), views.camera(row)
        points_px = camera.project(framing_m)
        if not np.isfinite(points_px).all():
            continue
        # cameras of one space have one focal length over the side of what is shown
        focal = camera.focal_px / (views.size_px * shown)
        for time in range(config.each):
            rng = np.random.default_rng([config.seed, int(views.latents[row]), row, time])
            crop = posed_crop(
                picture, camera, framing_m, size_px=CROP_PX, focal=focal, rng=rng, options=turns
            )
            if config.augmentation and rng.random() >= augment.clean_share:
                image = crop.crop
                if rng.random() < augment.occluder_share:
                    image = add_occluders(image, other, rng)
                crop = replace(crop, crop=degrade(image, rng, augment.degradation))
            crops.append(crop)
            latents.append(int(views.latents[row]))
            if len(crops) == _AT_ONCE:
                parts.append(_shown(encoders, crops, latents))
                crops, latents = [], []
        if row % 7 == 0:
            other = picture
    if crops:
        parts.append(_shown(encoders, crops, latents))
    return joined(parts)


def _shown(encoders: Encoders, crops: list[PosedCrop], latents: list[int]) -> EncodedLifts:
    import cv2

    encoding = encoders(np.stack([crop.crop for crop in crops]))
    codes = [
        cv2.imencode(".jpg", crop.crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel()
        for crop in crops
    ]
    return EncodedLifts(
        points=encoding.points,
        features=encoding.features.astype(np.float16),
        latents=np.array(latents, np.int64),
        mirrored=np.array([crop.mirrored for crop in crops]),
        rotation=np.stack([crop.rotation for crop in crops]).astype(np.float32),
        translation_m=np.stack([crop.translation_m for crop in crops]).astype(np.float32),
        jpeg=np.concatenate(codes).astype(np.uint8),
        starts=np.cumsum([0, *map(len, codes)]).astype(np.int64),
    )
