"""Pictures of hairs for the cards of brows and lashes, drawn strand by strand."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

CARD_TILES: dict[str, tuple[float, float, float, float]] = {
    "brow_under": (0.0, 0.752, 1.0, 1.0),
    "brow_over": (0.0, 0.502, 1.0, 0.748),
    "upper_lashes": (0.0, 0.252, 1.0, 0.498),
    "lower_lashes": (0.0, 0.0, 1.0, 0.248),
}
"""Rows of the picture: left, bottom, right, top, v up. In each, u runs from the inner to the outer end, v
from the lower to the upper edge of a brow, from the root to the tip of a lash."""

DARK_BROWN = (62, 50, 44)

BROW_EDGES = (0.16, 0.84)
"""Where the visible hair's lower and upper edge lie between the edges of a brow's card."""

_FINER = 3
"""Drawn so much larger and averaged."""


def in_card_tile(uv: Float[np.ndarray, "texture 2"], tile: str) -> Float[np.ndarray, "texture 2"]:
    """Coordinates in [0, 1] of one card moved to its row of the picture."""
    left, bottom, right, top = CARD_TILES[tile]
    return np.array([left, bottom]) + uv * [right - left, top - bottom]


def hair_cards(
    color: tuple[int, int, int] = DARK_BROWN, size: int = 512, *, seed: int = 0
) -> UInt8[np.ndarray, "height size 4"]:
    """The picture that brow and lash cards show: (size / 2, size, 4) sRGB and coverage.

    Args:
        color: middle colour of the hairs; each is a little lighter or darker.
        size: width in pixels.
        seed: which hairs.
    """
    rng = np.random.default_rng(seed)
    height, width = size // 2, size
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = color
    strands = {
        "brow_under": _brow(rng, 900, thickness=0.85),
        "brow_over": _brow(rng, 330, thickness=0.75),
        "upper_lashes": _lashes(rng, 92, length=0.9),
        "lower_lashes": _lashes(rng, 58, length=0.75),
    }
    for tile, hairs in strands.items():
        left, bottom, right, top = CARD_TILES[tile]
        rows = slice(round((1 - top) * height), round((1 - bottom) * height))
        columns = slice(round(left * width), round(right * width))
        drawn = _drawn(hairs, picture[rows, columns].shape[:2], np.array(color, float), rng, size)
        picture[rows, columns] = drawn
    return picture


def _drawn(
    hairs: list[tuple[np.ndarray, float, float]],
    shape: tuple[int, int],
    color: np.ndarray,
    rng: np.random.Generator,
    size: int,
) -> np.ndarray:
    """Hairs, each a curve (n, 2) in u, v with a thickness at its root in pixels of a 512-wide picture and an
    opacity, laid over each other."""
    import cv2

    rows, columns = shape[0] * _FINER, shape[1] * _FINER
    shade, cover = np.zeros((rows, columns, 3), np.float32), np.zeros((rows, columns), np.float32)
    for curve, thickness, opacity in hairs:
        points = np.stack([curve[:, 0] * columns, (1 - curve[:, 1]) * rows], axis=1) - 0.5
        own = color * (1 + 0.22 * rng.normal())
        low = np.clip(np.floor(points.min(axis=0)) - 4, 0, [columns, rows]).astype(int)
        high = np.clip(np.ceil(points.max(axis=0)) + 5, 0, [columns, rows]).astype(int)
        if (high <= low).any():
            continue
        patch = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        widths = thickness * _FINER * size / 512 * np.linspace(1, 0.25, len(points) - 1) ** 0.8
        fixed = np.round((points - low) * 16).astype(np.int32)
        for first, second, width in zip(fixed[:-1], fixed[1:], widths, strict=True):
            start, end = tuple(map(int, first)), tuple(map(int, second))
            cv2.line(patch, start, end, 255, max(1, round(width)), cv2.LINE_AA, 4)
        alpha = patch.astype(np.float32) / 255 * opacity
        where = np.s_[low[1] : high[1], low[0] : high[0]]
        shade[where] = shade[where] * (1 - alpha[..., None]) + own * alpha[..., None]
        cover[where] = cover[where] * (1 - alpha) + alpha
    small = (shape[1], shape[0])
    shade = cv2.resize(shade, small, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(cover, small, interpolation=cv2.INTER_AREA)
    # Colour under what is left clear is a hair's too, so that filtering draws no rim around hairs.
    out = np.where(cover[..., None] > 1e-3, shade / np.maximum(cover[..., None], 1e-3), color)
    return np.clip(np.round(np.dstack([out, 255 * cover])), 0, 255).astype(np.uint8)


def _brow(rng: np.random.Generator, count: int, *, thickness: float) -> list[tuple[np.ndarray, float, float]]:
    """Hairs that stand up at the inner end, lean outwards along the brow and meet on its ridge."""
    low, high = BROW_EDGES
    hairs = []
    for _ in range(count):
        along = 0.035 + 0.90 * float(rng.beta(1.1, 1.25))
        # Roots crowd below the ridge; towards the outer end they close in on it.
        spread = np.interp(along, [0, 0.12, 0.7, 1], [0.27, 0.26, 0.19, 0.07])
        across = float(np.interp(along, [0, 0.3, 1], [0.34, 0.40, 0.55]) + spread * rng.normal())
        lean = np.radians(np.interp(along, [0, 0.10, 0.35, 0.7, 1], [84, 62, 40, 24, 6]) + rng.normal(0, 8))
        # Above the ridge hairs turn down, below it up.
        lean = lean * np.clip(1.55 * (0.78 - across) / 0.6, -0.6, 1)
        length = float(rng.uniform(0.6, 1.15)) * np.interp(along, [0, 0.2, 0.8, 1], [0.42, 0.58, 0.46, 0.30])
        t = np.linspace(0, 1, 7)
        bend = -0.5 * lean * t  # they curl towards lying along the brow
        step_u = np.cos(lean + bend) * length / 6 * 0.125  # a card is eight times as long as it is high
        step_v = np.sin(lean + bend) * length / 6
        root = np.array([along, low + across * (high - low)])
        curve = root + np.stack([np.cumsum(step_u), np.cumsum(step_v)], axis=1) - [step_u[0], step_v[0]]
        if (np.abs(curve - 0.5) > [0.492, 0.47]).any():
            continue
        fade = np.interp(along, [0.03, 0.14, 0.75, 0.95], [0.30, 0.74, 0.74, 0.42])
        fade *= float(rng.uniform(0.7, 1.1)) * np.exp(-0.5 * max(abs(across - 0.5) - 0.3, 0) / 0.15)
        hairs.append((curve, thickness, float(min(fade, 1))))
    return hairs


def _lashes(rng: np.random.Generator, count: int, *, length: float) -> list[tuple[np.ndarray, float, float]]:
    """Curved strands from the root's edge, shorter towards the inner corner, in loose bundles."""
    hairs = []
    for number in range(count):
        along = 0.03 + 0.94 * (number + float(rng.uniform(0.1, 0.9))) / count
        own = length * np.interp(along, [0, 0.15, 0.6, 0.85, 1], [0.35, 0.62, 0.95, 1.0, 0.7])
        own *= float(rng.uniform(0.72, 1.05))
        bundle = 0.010 * np.sin(along * count * 2 * np.pi / 3.3)
        t = np.linspace(0, 1, 8)
        curl = 0.020 * (along - 0.42) + bundle + 0.004 * float(rng.normal())
        curve = np.stack([along + curl * t**1.5, 0.004 + own * t], axis=1)
        hairs.append((np.clip(curve, 0.002, 0.998), 1.5, 0.95))
    return hairs
