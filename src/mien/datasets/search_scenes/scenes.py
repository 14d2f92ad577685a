"""Scenes to train the face search on: heads pasted at random sizes and rolls over many backgrounds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8

from mien.datasets.crops.degradation import DegradationConfig, degrade
from mien.datasets.crops.warp import net_from_picture
from mien.datasets.search_scenes.backgrounds import draw_background
from mien.datasets.search_scenes.cutouts import Cutout, CutoutStore
from mien.datasets.search_scenes.targets import PlacedFace
from mien.landmarks.region import Region


@dataclass(frozen=True)
class SearchSceneConfig:
    """What scenes look like."""

    size: int = 192
    """Side of a scene, pixels; a multiple of 8."""
    empty_share: float = 0.3
    """Share of scenes without a face."""
    max_faces: int = 5
    """Most faces in a scene."""
    smallest_side_px: float = 22.0
    """Smallest side of a face's region, pixels."""
    largest_side_px: float = 140.0
    """Largest side of a face's region, pixels."""
    roll_rad: float = float(np.deg2rad(60))
    """Largest roll of a face; half of the faces are within about a quarter of it."""
    whole_share: float = 0.25
    """Share of faces that come with the rectangle of their picture instead of cut out."""
    occluder_share: float = 0.15
    """Share of faces with something drawn over them."""
    letterbox_share: float = 0.25
    """Share of scenes with black margins, as the search pads pictures."""
    degradation: DegradationConfig = field(
        default_factory=lambda: DegradationConfig(
            small_share=0.25, smallest_px=110, blur_share=0.2, noise_levels=10.0, worst_jpeg=30
        )
    )
    """What the camera does to a scene."""


@dataclass(frozen=True)
class SearchScene:
    """A picture and the faces in it."""

    picture: UInt8[np.ndarray, "size size 3"]
    faces: list[PlacedFace]


def make_scene(store: CutoutStore, rng: np.random.Generator, options: SearchSceneConfig) -> SearchScene:
    """Draw one scene; the same `rng` state and store give the same scene."""
    size = options.size
    picture = draw_background(store, size, rng)
    regions = [] if rng.random() < options.empty_share else _places(rng, options)
    hidden = np.zeros(len(regions))
    for index, region in enumerate(regions):
        opacity = paste(picture, store.pick(rng), region, rng, whole=bool(rng.random() < options.whole_share))
        for earlier in range(index):
            hidden[earlier] = max(hidden[earlier], _mean_inside(opacity, regions[earlier]))
        if rng.random() < options.occluder_share:
            _occlude(picture, region, rng)
    seen = np.ones((size, size), np.float32)
    if rng.random() < options.letterbox_share:
        _letterbox(picture, seen, rng)
    picture = degrade(picture, rng, options.degradation)
    picture[seen == 0] = 0
    faces = [
        PlacedFace(region, visible=bool(hidden[index] < 0.3 and _mean_inside(seen, region) > 0.65))
        for index, region in enumerate(regions)
    ]
    return SearchScene(picture, faces)


def _places(rng: np.random.Generator, options: SearchSceneConfig) -> list[Region]:
    """Regions whose faces do not cover each other, from the top down (lower ones stand in front)."""
    regions: list[Region] = []
    low, high = np.log(options.smallest_side_px), np.log(options.largest_side_px)
    for _ in range(int(rng.integers(1, options.max_faces + 1))):
        side_px = float(np.exp(rng.uniform(low, high)))
        center_px = rng.uniform(-0.1 * side_px, options.size - 1 + 0.1 * side_px, 2)
        roll_rad = float(np.clip(rng.normal(0, 0.4), -1, 1)) * options.roll_rad
        crowded = any(
            np.linalg.norm(center_px - other.center_px) < 0.55 * max(side_px, other.side_px)
            for other in regions
        )
        if not crowded:
            regions.append(Region(center_px, side_px, roll_rad))
    return sorted(regions, key=lambda region: region.center_px[1])


def paste(
    scene: UInt8[np.ndarray, "height width 3"],
    cutout: Cutout,
    region: Region,
    rng: np.random.Generator,
    *,
    whole: bool = False,
) -> Float[np.ndarray, "height width"]:
    """Draw a head into a scene (in place) so that its face fills `region`; mirrored half of the time.

    Args:
        scene: what to draw on.
        cutout: the head.
        region: where its face goes.
        rng: decides the mirroring.
        whole: draw the whole picture instead of the head cut out.

    Returns:
        The opacity with which every pixel was covered.
    """
    import cv2

    picture, source = cutout.picture, cutout.region
    mask = np.full(picture.shape[:2], 255, np.uint8) if whole else cutout.mask
    shrink = 1.25 * region.side_px / source.side_px
    if shrink < 0.8:  # warping takes four neighbours only: shrink by averaging first
        size = max(8, round(picture.shape[0] * shrink))
        source = source.in_scaled_picture(size / picture.shape[0])
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    mirror = np.diag([-1.0 if rng.random() < 0.5 else 1.0, 1.0, 1.0])
    matrix = (np.linalg.inv(net_from_picture(region)) @ mirror @ net_from_picture(source))[:2]
    height, width = scene.shape[:2]
    drawn = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=1)
    alpha = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    opacity = np.asarray(alpha, np.float32) * np.float32(1 / 255)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if len(rows):
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        share = opacity[part][..., None]
        scene[part] = np.rint(scene[part] * (1 - share) + drawn[part] * share).astype(np.uint8)
    return opacity


def _mean_inside(values: np.ndarray, region: Region) -> float:
    """Mean over the middle of a region, where the face itself is; what lies outside the picture counts 0."""
    half = 0.27 * region.side_px
    left, top = np.floor(region.center_px - half).astype(int)
    right, bottom = np.ceil(region.center_px + half).astype(int) + 1
    inside = values[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    return float(inside.sum()) / ((right - left) * (bottom - top))


def _occlude(picture: np.ndarray, region: Region, rng: np.random.Generator) -> None:
    """A bar or disc over part of a face."""
    import cv2

    size = picture.shape[0]
    color = [int(value) for value in rng.integers(0, 256, 3)]
    spot = region.network_to_picture(rng.uniform(-0.5, 0.5, 2))
    x, y = (int(value) for value in np.clip(spot, -size, 2 * size))
    if rng.random() < 0.5:
        cv2.circle(
            picture, (x, y), max(1, int(region.side_px * rng.uniform(0.04, 0.13))), color, -1, cv2.LINE_AA
        )
    else:
        end = spot + rng.normal(0, region.side_px, 2)
        thickness = max(1, int(region.side_px * rng.uniform(0.02, 0.12)))
        cv2.line(picture, (x, y), (int(end[0]), int(end[1])), color, thickness, cv2.LINE_AA)


def _letterbox(picture: np.ndarray, seen: np.ndarray, rng: np.random.Generator) -> None:
    """Black margins along some edges."""
    size = picture.shape[0]
    for turn in range(4):
        if rng.random() < 0.45:
            width = int(rng.integers(4, size // 4))
            np.rot90(picture, turn)[:width] = 0
            np.rot90(seen, turn)[:width] = 0
