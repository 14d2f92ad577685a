"""Crops that hold no well-framed face, for the presence output: far off the face, or no face at all."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from mien.datasets.crops.shards import Face
from mien.datasets.crops.warp import net_from_picture, warp
from mien.landmarks.region import Region


def negative_crop(face: Face, size: int, rng: np.random.Generator) -> UInt8[np.ndarray, "size size 3"]:
    """A crop that a tracker should give up on."""
    kind = rng.random()
    if kind < 0.72:
        return warp(face.picture, net_from_picture(off_region(face, rng)), size, border=_border(rng))
    if kind < 0.84:
        return _shuffled(warp(face.picture, net_from_picture(face.region), size, border=4), rng)
    return _pattern(size, rng)


def off_region(face: Face, rng: np.random.Generator) -> Region:
    """A region that frames the face badly: beside it, a small part of it, much too wide, or turned away."""
    region, kind = face.region, rng.random()
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    roll_rad = region.roll_rad + float(rng.uniform(-0.5, 0.5))
    if kind < 0.40:
        distance_px = region.side_px * rng.uniform(0.65, 1.0)
        side_px = region.side_px * rng.uniform(0.5, 1.2)
        return Region(region.center_px + distance_px * direction, side_px, roll_rad)
    if kind < 0.65:
        shift_px = region.side_px * rng.uniform(0.0, 0.35)
        return Region(
            region.center_px + shift_px * direction, region.side_px * rng.uniform(0.15, 0.42), roll_rad
        )
    if kind < 0.82:
        return Region(region.center_px, region.side_px * rng.uniform(2.3, 4.0), roll_rad)
    turn = float(rng.uniform(np.pi * 0.45, np.pi)) * (1 if rng.random() < 0.5 else -1)
    return Region(region.center_px, region.side_px * rng.uniform(0.8, 1.2), region.roll_rad + turn)


def _border(rng: np.random.Generator) -> int:
    """One of OpenCV's border modes: constant, replicate, reflect-101."""
    return (0, 1, 4)[int(rng.integers(3))]


def _shuffled(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The crop's tiles in random order: the right colours and textures, but no face."""
    tiles = 4
    side = crop.shape[0] // tiles
    whole = crop[: side * tiles, : side * tiles]
    pieces = whole.reshape(tiles, side, tiles, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    mixed = pieces[rng.permutation(len(pieces))]
    joined = mixed.reshape(tiles, tiles, side, side, 3).swapaxes(1, 2).reshape(whole.shape)
    result = crop.copy()
    result[: side * tiles, : side * tiles] = joined
    return result


def _pattern(size: int, rng: np.random.Generator) -> np.ndarray:
    """Random coloured noise over several scales, with a few discs and lines."""
    import cv2

    picture = np.full((size, size, 3), rng.uniform(0, 255, 3), np.float32)
    for cells in (2, 5, 13, 40):
        field = rng.normal(0, rng.uniform(2, 50), (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)
    drawn = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 5))):
        color = tuple(int(value) for value in rng.integers(0, 256, 3))
        x, y, x_end, y_end = (int(value) for value in rng.integers(0, size, 4))
        if rng.random() < 0.5:
            cv2.circle(drawn, (x, y), int(rng.integers(3, size // 4)), color, -1, cv2.LINE_AA)
        else:
            cv2.line(drawn, (x, y), (x_end, y_end), color, int(rng.integers(1, 9)), cv2.LINE_AA)
    return drawn
