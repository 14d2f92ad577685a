"""Procedural backgrounds: walls, rooms, open air, leaves, dark stages, clutter; mostly dull and blurred."""

from __future__ import annotations

import cv2
import numpy as np

LETTERS = "ABCDEFGHKLMNOPRSTUVWXZabcdefghk0123456789"
KINDS = {"dark": 0.14, "wall": 0.24, "room": 0.28, "outdoors": 0.12, "leaves": 0.09, "clutter": 0.13}
"""Kinds of backgrounds and how often each is drawn."""


def cloud(rng: np.random.Generator, size: int, *, octaves: int = 5, roughness: float = 0.55) -> np.ndarray:
    """(size, size) fractal noise in [0, 1]."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        grid = rng.random((cells + 1, cells + 1), dtype=np.float32)
        total += roughness**octave * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    low, high = total.min(), total.max()
    return (total - low) / (high - low + 1e-6)


HUES = {"skin and wood": (10.0, 6.0, 0.36), "sand": (20.0, 5.0, 0.20), "green": (42.0, 9.0, 0.10),
        "blue": (108.0, 8.0, 0.24), "red": (177.0, 4.0, 0.05), "any": (90.0, 60.0, 0.05)}  # fmt: skip
"""Hues of places (OpenCV's, of 180): middle, deviation, share."""


def _palette(rng: np.random.Generator, kind: str) -> np.ndarray:
    """(6, 3) colours of one place: mostly dull, of one hue and its neighbours, seldom vivid."""
    level = rng.beta(1.4, 7.0) if kind == "dark" else rng.beta(2.2, 2.0)
    levels = np.clip(level * np.exp(rng.normal(0, 0.40, 6)), 0, 1)
    middles = list(HUES.values())
    chosen = rng.choice(len(middles), size=6, p=[share for _, _, share in middles])
    chosen[rng.random(6) < 0.7] = chosen[0]
    hues = np.array([rng.normal(middles[i][0], middles[i][1]) for i in chosen]) % 180
    if kind in ("leaves", "outdoors"):
        hues = rng.normal(42, 8, 6) % 180
    most = 170.0 if rng.random() < 0.06 else 110.0 if kind == "leaves" else 70.0
    saturation = np.clip(rng.uniform(0, most) * np.exp(rng.normal(0, 0.4, 6)), 0, 1.3 * most)
    colors = np.stack([hues, saturation, levels * 255], axis=1)[None].astype(np.uint8)
    return cv2.cvtColor(colors, cv2.COLOR_HSV2RGB)[0].astype(np.float32) / 255


def random_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) uint8 RGB."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    palette = _palette(rng, kind)
    octaves = int(rng.integers(5, 8)) if kind == "leaves" else int(rng.integers(1, 6))
    mix = cloud(rng, size, octaves=octaves, roughness=float(rng.uniform(0.4, 0.9)))[..., None]
    if kind in ("leaves", "outdoors"):
        mix = np.clip((mix - 0.5) * 3 + 0.5, 0, 1)
    if kind == "wall":
        mix = 0.5 + float(rng.uniform(0, 0.25)) * (mix - 0.5)
    picture = palette[0] * mix + palette[1] * (1 - mix)
    if kind == "outdoors":
        picture = _open_air(picture, rng)
    if kind == "room" and rng.random() < 0.25:
        picture *= _curtain(rng, size)
    picture = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    palette = palette * 255
    if kind == "room":
        _panels(picture, palette, rng)
    count = {"dark": 4, "wall": 2, "room": 4, "outdoors": 3, "leaves": 2, "clutter": 10}[kind]
    for _ in range(int(rng.integers(0, count))):
        _shape(picture, palette, rng)
    if rng.random() < {"clutter": 0.2, "dark": 0.25, "leaves": 0.5}.get(kind, 0.05):
        _lights(picture, rng)
    light = cloud(rng, size, octaves=2)[..., None]
    lit = picture.astype(np.float32) * (0.7 + 0.6 * light)
    blur = float(rng.choice([0.0, 1.2, 3.0, 7.0], p=[0.08, 0.17, 0.35, 0.40])) * size / 192
    if kind == "wall":
        blur *= 0.4
    if blur:
        lit = cv2.GaussianBlur(lit, (0, 0), blur)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _open_air(ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sky over what is there, and something paler at the horizon."""
    size = len(ground)
    skyline = float(rng.uniform(0.15, 0.75)) + 0.12 * (cloud(rng, size, octaves=4)[0] - 0.5)
    rows = np.arange(size)[:, None] / size
    above = np.clip((skyline[None, :] - rows) * 12, 0, 1)[..., None]
    blue = np.array([0.45, 0.62, 0.85]) * rng.uniform(0.6, 1.1)
    grey = np.full(3, rng.uniform(0.55, 0.95))
    high = blue + (grey - blue) * rng.random()
    sky = high + (0.95 - high) * rows[..., None] ** 0.7
    return (ground * (1 - above) + sky * above).astype(np.float32)


def _lights(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Lamps and gaps between leaves, out of focus: discs of light."""
    size = len(picture)
    layer = np.zeros_like(picture)
    radius = float(rng.uniform(0.008, 0.05)) * size
    warm = np.array([255, rng.uniform(190, 250), rng.uniform(120, 245)])
    for _ in range(int(rng.integers(4, 26))):
        shade = np.clip(warm * rng.uniform(0.15, 0.8), 0, 255).tolist()
        centre = rng.integers(0, size, 2).tolist()
        cv2.circle(layer, centre, max(1, int(radius * rng.uniform(0.6, 1.2))), shade, -1, cv2.LINE_AA)
    np.copyto(picture, cv2.add(picture, layer))


def _curtain(rng: np.random.Generator, size: int) -> np.ndarray:
    """(1, size, 1) folds from left to right."""
    x = np.arange(size) / size
    bend = 0.02 * np.sin(x * rng.uniform(5, 20) + rng.uniform(0, 6))
    folds = np.sin((x + bend) * 2 * np.pi * rng.uniform(4, 18))
    return (1 + rng.uniform(0.1, 0.45) * folds)[None, :, None].astype(np.float32)


def _panels(picture: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    """Walls, doors, shelves and windows: upright and level edges from side to side."""
    size = len(picture)
    for _ in range(int(rng.integers(1, 7))):
        start, width = int(rng.integers(-size // 4, size)), int(rng.integers(size // 20, size // 2))
        color = np.clip(palette[rng.integers(6)] * rng.uniform(0.6, 1.3), 0, 255)
        part = np.s_[:, max(start, 0) : max(start + width, 0)]
        if rng.random() < 0.35:
            part = part[::-1]
        opacity = rng.uniform(0.4, 1.0)
        picture[part] = (picture[part] * (1 - opacity) + color * opacity).astype(np.uint8)


def _shape(picture: np.ndarray, palette: np.ndarray, rng: np.random.Generator) -> None:
    """A box, an oval, a line, a word or stripes."""
    size = len(picture)
    color = np.clip(palette[rng.integers(6)] * rng.uniform(0.5, 1.3), 0, 255).tolist()
    a, b = rng.integers(-size // 4, size * 5 // 4, 2), rng.integers(4, size, 2)
    kind = rng.choice(5, p=[0.42, 0.14, 0.12, 0.14, 0.18])
    if kind == 0:
        line = -1 if rng.random() < 0.7 else int(rng.integers(1, 9))
        cv2.rectangle(picture, a.tolist(), (a + b).tolist(), color, line)
    elif kind == 1:
        axes = (b // 3 + 1).tolist()
        cv2.ellipse(picture, a.tolist(), axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
    elif kind == 2:
        end = (a + rng.integers(-size, size, 2)).tolist()
        cv2.line(picture, a.tolist(), end, color, int(rng.integers(1, 14)), cv2.LINE_AA)
    elif kind == 3:
        text = "".join(rng.choice(list(LETTERS), size=int(rng.integers(2, 9))))
        scale = float(rng.uniform(0.4, 3.0)) * size / 192
        typeface, thickness = int(rng.integers(0, 8)), int(rng.integers(1, 6))
        cv2.putText(picture, text, a.tolist(), typeface, scale, color, thickness, cv2.LINE_AA)
    else:
        period, turn = rng.uniform(4, 60), rng.uniform(0, np.pi)
        y, x = np.mgrid[:size, :size].astype(np.float32)
        wave = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period) > rng.uniform(-0.5, 0.8)
        box = np.zeros((size, size), bool)
        box[max(a[1], 0) : max(a[1] + b[1], 0), max(a[0], 0) : max(a[0] + b[0], 0)] = True
        picture[wave & box] = color
