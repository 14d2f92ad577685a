"""What scenes show besides faces: surroundings, patterns, skin and hair without a face, and look-alikes."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from mien.datasets.search_scenes.cutouts import CutoutStore

SKIN_TONES = np.array(
    [[255, 219, 196], [238, 188, 158], [214, 160, 125], [176, 120, 84], [133, 85, 57], [84, 53, 38]]
)


def draw_background(
    store: CutoutStore, size: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "size size 3"]:
    """A picture without a face (or with parts of one that is far too large to count)."""
    first = _one_background(store, size, rng)
    if rng.random() < 0.45:  # two of them, side by side or through a soft mask
        second = _one_background(store, size, rng)
        first = _mixed(first, second, rng)
    for _ in range(int(rng.integers(0, 5)) if rng.random() < 0.7 else 0):
        _DECOYS[int(rng.integers(len(_DECOYS)))](first, rng)
    return _muted(first, rng)


def _muted(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mostly less colourful: real surroundings are."""
    import cv2

    keep = float(np.clip(rng.normal(0.5, 0.35), 0, 1))
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(picture, keep, grey, 1 - keep, 0), np.uint8)


def _one_background(store: CutoutStore, size: int, rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    if kind < 0.40:
        return _surroundings(store, size, rng)
    if kind < 0.55:
        return _close_up(store, size, rng)
    if kind < 0.65:
        return _shuffled(store, size, rng)
    if kind < 0.80:
        return _noise(size, rng)
    return _gradient(size, rng)


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    import cv2

    shrinks = picture.shape[0] > size
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=way), np.uint8)


def _window(store: CutoutStore, rng: np.random.Generator, side: int) -> tuple[np.ndarray, float]:
    """A random square of a random picture, and how much of it a head covers."""
    cutout = store.pick(rng)
    left, top = (int(value) for value in rng.integers(0, store.size - side + 1, 2))
    part = slice(top, top + side), slice(left, left + side)
    return cutout.picture[part], float(cutout.mask[part].mean()) / 255


def _surroundings(store: CutoutStore, size: int, rng: np.random.Generator) -> np.ndarray:
    """What lies beside the heads of the synthetic pictures."""
    for attempt in range(12):
        side = int(store.size * rng.uniform(0.2, 0.55) * 0.93**attempt)
        window, covered = _window(store, rng, side)
        if covered < 0.02:
            return _resized(window, size)
    return _noise(size, rng)


def _close_up(store: CutoutStore, size: int, rng: np.random.Generator) -> np.ndarray:
    """A piece of a head so much enlarged that its face is no target: skin, hair, an eye."""
    window, _ = _window(store, rng, int(store.size * rng.uniform(0.12, 0.3)))
    return _resized(window, size)


def _shuffled(store: CutoutStore, size: int, rng: np.random.Generator) -> np.ndarray:
    """A head's tiles in random order: the colours and edges of faces, but no face."""
    picture = store.pick(rng).picture
    tiles = int(rng.integers(4, 9))
    side = store.size // tiles
    pieces = picture[: side * tiles, : side * tiles].reshape(tiles, side, tiles, side, 3)
    pieces = rng.permutation(pieces.swapaxes(1, 2).reshape(-1, side, side, 3))
    joined = pieces.reshape(tiles, tiles, side, side, 3).swapaxes(1, 2).reshape(side * tiles, side * tiles, 3)
    return _resized(np.ascontiguousarray(joined), size)


def _noise(size: int, rng: np.random.Generator) -> np.ndarray:
    """Coloured noise over several scales."""
    import cv2

    picture = np.empty((size, size, 3), np.float32)
    picture[:] = rng.uniform(0, 255, 3) if rng.random() < 0.6 else SKIN_TONES[rng.integers(len(SKIN_TONES))]
    for cells in (2, 5, 13, 40):
        field = rng.normal(0, rng.uniform(1, 40), (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _gradient(size: int, rng: np.random.Generator) -> np.ndarray:
    """One colour running into another, perhaps with stripes or tiles."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    angle = rng.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    share = (along - along.min()) / np.ptp(along)
    if rng.random() < 0.5:
        frequency = rng.uniform(2, 30)
        wave = np.sin(2 * np.pi * frequency * along)
        if rng.random() < 0.5:
            wave = wave * np.sin(2 * np.pi * frequency * (y * np.cos(angle) - x * np.sin(angle)))
        if rng.random() < 0.5:
            wave = np.sign(wave)
        share = np.clip(share + rng.uniform(0.05, 0.6) * wave, 0, 1)
    low, high = rng.uniform(0, 255, (2, 3))
    return (low + share[..., None] * (high - low)).astype(np.uint8)


def _mixed(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    import cv2

    size = first.shape[0]
    if rng.random() < 0.5:
        result, edge = first.copy(), int(rng.integers(size // 5, 4 * size // 5))
        if rng.random() < 0.5:
            result[:, edge:] = second[:, edge:]
        else:
            result[edge:] = second[edge:]
        return result
    cells = rng.normal(0, 2.5, (5, 5)).astype(np.float32)
    share = np.clip(cv2.resize(cells, (size, size), interpolation=cv2.INTER_CUBIC) + 0.5, 0, 1)[..., None]
    return (first * share + second * (1 - share)).astype(np.uint8)


def _color(rng: np.random.Generator) -> tuple[int, int, int]:
    tone = SKIN_TONES[rng.integers(len(SKIN_TONES))] if rng.random() < 0.5 else rng.uniform(0, 255, 3)
    red, green, blue = (int(value) for value in np.clip(tone + rng.normal(0, 12, 3), 0, 255))
    return red, green, blue


def _place(picture: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(picture.shape[1])), int(rng.integers(picture.shape[0]))


def _ellipses(picture: np.ndarray, rng: np.random.Generator) -> None:
    """An ellipse with spots and bars inside: head, ball, clock, plate, button, lamp."""
    import cv2

    size = picture.shape[0]
    x, y = _place(picture, rng)
    width, height = (max(4, int(size * rng.uniform(0.03, 0.25) * rng.uniform(0.7, 1.4))) for _ in range(2))
    angle = float(rng.uniform(0, 180))
    cv2.ellipse(picture, (x, y), (width, height), angle, 0, 360, _color(rng), -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4))):
        spot = int(x + rng.normal(0, width / 2)), int(y + rng.normal(0, height / 2))
        cv2.circle(picture, spot, max(1, int(width * rng.uniform(0.08, 0.35))), _color(rng), -1, cv2.LINE_AA)
    if rng.random() < 0.4:
        cv2.ellipse(picture, (x, y), (width, height), angle, 0, 360, _color(rng), int(rng.integers(1, 4)))


def _boxes_and_lines(picture: np.ndarray, rng: np.random.Generator) -> None:
    import cv2

    for _ in range(int(rng.integers(1, 5))):
        start, end = _place(picture, rng), _place(picture, rng)
        if rng.random() < 0.5:
            cv2.line(picture, start, end, _color(rng), int(rng.integers(1, 9)), cv2.LINE_AA)
        else:
            cv2.rectangle(picture, start, end, _color(rng), int(rng.integers(-1, 4)) or -1)


def _letters(picture: np.ndarray, rng: np.random.Generator) -> None:
    import cv2

    text = "".join(chr(int(code)) for code in rng.integers(33, 123, int(rng.integers(2, 14))))
    font, scale = int(rng.integers(0, 8)), float(rng.uniform(0.3, 2.5))
    thickness = int(rng.integers(1, 4))
    cv2.putText(picture, text, _place(picture, rng), font, scale, _color(rng), thickness, cv2.LINE_AA)


def _strands(picture: np.ndarray, rng: np.random.Generator) -> None:
    """A bundle of nearly parallel curves, like hair, fur, grass or brushed cloth."""
    import cv2

    size = picture.shape[0]
    start = np.array(_place(picture, rng), float)
    angle, length = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.1, 0.6)
    base = np.array(_color(rng), float)
    along = np.linspace(0, 1, 6)[:, None]
    direction = np.array([np.cos(angle), np.sin(angle)])
    bend = rng.normal(0, 0.4) * length * along**2 * np.array([-direction[1], direction[0]])
    path = start + along * length * direction + bend
    width = size * rng.uniform(0.02, 0.2)
    for _ in range(int(rng.integers(15, 60))):
        shift = rng.normal(0, width, 2)
        color = [int(value) for value in np.clip(base * rng.uniform(0.6, 1.4), 0, 255)]
        curve = np.rint(path + shift + rng.normal(0, 1.5, path.shape)).astype(np.int32)
        cv2.polylines(picture, [curve.reshape(-1, 1, 2)], False, color, 1, cv2.LINE_AA)


_DECOYS = (_ellipses, _ellipses, _boxes_and_lines, _letters, _strands)
