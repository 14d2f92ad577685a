"""What cameras, screens and codecs do to a crop: light, colour, blur, low resolution, noise, JPEG.

Many real faces are 30–150 px wide and come from compressed video, so a crop often passes through a small
picture: shrunk, made noisy, compressed there and enlarged again, as the runtime enlarges it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, UInt8


@dataclass(frozen=True)
class DegradationConfig:
    """Shares of samples that meet each degradation, and how strong it gets."""

    color_share: float = 0.85
    """Share with changed brightness, contrast, gamma and white balance."""
    grey_share: float = 0.10
    """Share without colour."""
    saturation_share: float = 0.35
    """Share with more or less colour."""
    light_share: float = 0.25
    """Share with light or shade that varies across the crop."""
    blur_share: float = 0.35
    """Share with Gaussian, motion or defocus blur."""
    small_share: float = 0.55
    """Share that passes through a small picture."""
    smallest_px: int = 28
    """Least side of that small picture, pixels (of the whole crop, which is about 1.4 faces wide)."""
    sharp_share: float = 0.12
    """Share sharpened as cameras and phones do, with pale seams along edges."""
    noise_share: float = 0.45
    """Share with sensor noise."""
    noise_levels: float = 14.0
    """Largest standard deviation of the noise, grey levels of 255."""
    jpeg_share: float = 0.55
    """Share that is JPEG compressed."""
    worst_jpeg: int = 18
    """Least JPEG quality."""

    @classmethod
    def none(cls) -> DegradationConfig:
        """Nothing is degraded."""
        return cls(
            color_share=0.0,
            grey_share=0.0,
            saturation_share=0.0,
            light_share=0.0,
            blur_share=0.0,
            small_share=0.0,
            sharp_share=0.0,
            noise_share=0.0,
            jpeg_share=0.0,
        )


def degrade(
    crop: UInt8[np.ndarray, "size size 3"], rng: np.random.Generator, options: DegradationConfig
) -> UInt8[np.ndarray, "size size 3"]:
    """A crop as a worse camera would have taken it; nothing moves."""
    import cv2

    size = crop.shape[0]
    draw = rng.random(9)
    if draw[0] < options.light_share:
        crop = _uneven_light(crop, rng)
    if draw[1] < options.color_share:
        crop = np.asarray(cv2.LUT(crop, _tone_table(rng)))
    if draw[2] < options.grey_share:
        crop = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    elif draw[2] < options.grey_share + options.saturation_share:
        grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        keep = float(rng.uniform(0.3, 1.5))
        crop = cv2.addWeighted(crop, keep, grey, 1 - keep, 0)
    if draw[3] < options.blur_share:
        crop = _blur(crop, rng)
    if draw[4] < options.small_share:
        small_px = int(np.exp(rng.uniform(np.log(options.smallest_px), np.log(size))))
        crop = cv2.resize(crop, (small_px, small_px), interpolation=cv2.INTER_AREA)
    if draw[8] < options.sharp_share:
        soft = cv2.GaussianBlur(crop, (0, 0), float(rng.uniform(0.7, 1.6)))
        more = float(rng.uniform(0.3, 1.2))
        crop = cv2.addWeighted(crop, 1 + more, soft, -more, 0)
    if draw[5] < options.noise_share:
        crop = _add_noise(crop, rng, options.noise_levels)
    if draw[6] < options.jpeg_share:
        quality = int(rng.uniform(options.worst_jpeg, 96))
        _, code = cv2.imencode(".jpg", crop, (cv2.IMWRITE_JPEG_QUALITY, quality))
        crop = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    if crop.shape[0] != size:
        way = cv2.INTER_CUBIC if draw[7] < 0.2 else cv2.INTER_LINEAR
        crop = cv2.resize(crop, (size, size), interpolation=way)
    return np.asarray(crop, np.uint8)


def _tone_table(rng: np.random.Generator) -> UInt8[np.ndarray, "256 1 3"]:
    """A table of tones: gamma, contrast about mid-grey, exposure and white balance."""
    level = _levels() ** np.exp(rng.normal(0, 0.20))
    level = (level - 0.5) * np.exp(rng.normal(0, 0.20)) + 0.5 + rng.normal(0, 0.05)
    gains = np.exp(rng.normal(0, 0.18) + rng.normal(0, 0.08, 3))
    return np.clip(level[:, None, None] * (255 * gains), 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _levels() -> np.ndarray:
    return np.arange(256) / 255


def _uneven_light(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Multiply by a smooth field, now and then with a hard edge as a cast shadow has."""
    import cv2

    size = crop.shape[0]
    cells = int(rng.integers(2, 5))
    field = np.exp(rng.normal(0, 0.35, (cells, cells))).astype(np.float32)
    field = cv2.resize(field, (size, size), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3) * size
        axis = np.arange(size, dtype=np.float32) - size / 2
        side = np.cos(angle) * axis[None] + np.sin(angle) * axis[:, None] > offset
        field = field * np.where(side, np.float32(1), np.float32(rng.uniform(0.35, 0.8)))
    return np.minimum(crop * field[..., None], 255).astype(np.uint8)


def _blur(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    import cv2

    kind = rng.random()
    if kind < 0.45:
        return cv2.GaussianBlur(crop, (0, 0), float(rng.uniform(0.4, 2.2)))
    if kind < 0.75:  # motion along a line
        length = int(rng.integers(3, 12))
        kernel = np.zeros((length, length), np.float32)
        direction = rng.uniform(0, np.pi)
        half = (length - 1) / 2 * np.array([np.cos(direction), np.sin(direction)])
        middle = (length - 1) / 2
        start = (round(middle - half[0]), round(middle - half[1]))
        end = (round(middle + half[0]), round(middle + half[1]))
        cv2.line(kernel, start, end, 1.0)
        return cv2.filter2D(crop, -1, kernel / kernel.sum())
    radius = int(rng.integers(1, 4))  # defocus: a disc
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
    return cv2.filter2D(crop, -1, disc / disc.sum())


@lru_cache(maxsize=1)
def _noise_bank() -> Float32[np.ndarray, "bank bank 3"]:
    """Ready-made standard noise, partly common to the channels and partly coarse, as sensors give it."""
    import cv2

    rng = np.random.default_rng(20220407)
    fine = rng.normal(0, 1, (512, 512, 3)).astype(np.float32)
    common = rng.normal(0, 1, (512, 512, 1)).astype(np.float32)
    mixed = 0.7 * common + 0.7 * fine
    coarse = cv2.GaussianBlur(mixed[:, 256:], (0, 0), 0.8)
    mixed[:, 256:] = coarse / coarse.std()
    return mixed


def _add_noise(crop: np.ndarray, rng: np.random.Generator, levels: float) -> np.ndarray:
    bank = _noise_bank()
    size = crop.shape[0]
    top, left = rng.integers(0, 512 - size, 2)
    noise = bank[top : top + size, left : left + size]
    if rng.random() < 0.5:
        noise = noise[..., :1]
    return np.clip(crop + noise * np.float32(rng.uniform(1, levels)), 0, 255).astype(np.uint8)
