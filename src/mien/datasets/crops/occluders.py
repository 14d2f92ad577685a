"""Things in front of the face, drawn into a crop: blobs, bars, hands, microphones, cut-outs, picture edges.

Only rough shapes: they teach the network to say how unsure it is and to place hidden points by the others.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

_SKIN_TONES = np.array(
    [[255, 219, 190], [240, 194, 160], [214, 160, 120], [176, 118, 82], [125, 80, 54], [70, 45, 33]], float
)


def add_occluders(
    crop: UInt8[np.ndarray, "size size 3"],
    other: UInt8[np.ndarray, "height width 3"],
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "size size 3"]:
    """One to three random occluders over a crop; `other` is a picture that lends its texture."""
    import cv2

    size = crop.shape[0]
    for _ in range(int(rng.choice([1, 2, 3], p=[0.65, 0.25, 0.10]))):
        kind = rng.random()
        mask = np.zeros((size, size), np.uint8)
        color = rng.integers(0, 256, 3).astype(float)
        if kind < 0.25:
            _draw_hand(mask, rng)
            color = _SKIN_TONES[rng.integers(len(_SKIN_TONES))] * rng.uniform(0.6, 1.05)
        elif kind < 0.40:
            _draw_microphone(mask, rng)
            color = np.full(3, rng.uniform(5, 110))
        elif kind < 0.52:
            _draw_edge(mask, rng)
            color = np.zeros(3) if rng.random() < 0.7 else color
        elif kind < 0.64:
            _draw_bar(mask, rng)
        elif kind < 0.84:
            _draw_ellipse(mask, rng)
        else:
            _draw_box(mask, rng)
        layer = _layer(size, color, other, rng)
        if rng.random() < 0.4:
            soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.6, 2.0)))
            share = soft.astype(np.float32)[..., None] / 255
            crop = (crop + (layer.astype(np.float32) - crop) * share).astype(np.uint8)
        else:
            crop = np.where(mask[..., None] > 0, layer, crop)
    return crop


def _layer(size: int, color: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the occluder shows: a shaded colour, or a piece of another picture."""
    import cv2

    if rng.random() < 0.3:
        height, width = other.shape[:2]
        part = min(height, width, int(rng.integers(24, max(25, min(height, width)))))
        top, left = int(rng.integers(0, height - part + 1)), int(rng.integers(0, width - part + 1))
        return cv2.resize(other[top : top + part, left : left + part], (size, size))
    small = color * rng.uniform(0.6, 1.3, (3, 3, 1)) + rng.normal(0, 6, (3, 3, 3))
    return cv2.resize(np.clip(small, 0, 255).astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


def _draw_hand(mask: np.ndarray, rng: np.random.Generator) -> None:
    """A palm with four fingers and an arm, from a random side."""
    import cv2

    size = mask.shape[0]
    palm = rng.uniform(0.15, 0.95, 2) * size
    angle = rng.uniform(0, 2 * np.pi)
    length = rng.uniform(0.16, 0.30) * size
    radius = length * rng.uniform(0.45, 0.6)
    cv2.circle(mask, _pixel(palm), int(radius), 255, -1, cv2.LINE_AA)
    width = max(2, int(radius * rng.uniform(0.38, 0.5)))
    spread = rng.uniform(0.12, 0.3)
    for finger in range(4):
        lean = angle + (finger - 1.5) * spread
        across = np.array([-np.sin(angle), np.cos(angle)]) * (finger - 1.5) * radius * 0.45
        tip = palm + across + length * rng.uniform(0.85, 1.3) * np.array([np.cos(lean), np.sin(lean)])
        cv2.line(mask, _pixel(palm + across), _pixel(tip), 255, width, cv2.LINE_AA)
    if rng.random() < 0.7:
        wrist = palm - 3 * length * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(mask, _pixel(palm), _pixel(wrist), 255, max(2, int(1.5 * radius)), cv2.LINE_AA)


def _draw_microphone(mask: np.ndarray, rng: np.random.Generator) -> None:
    """A ball near the mouth with a handle that leads down out of the crop."""
    import cv2

    size = mask.shape[0]
    ball = np.array([rng.uniform(0.25, 0.75), rng.uniform(0.6, 0.95)]) * size
    foot = ball + np.array([rng.uniform(-0.6, 0.6), rng.uniform(0.3, 0.8)]) * size
    radius = rng.uniform(0.05, 0.11) * size
    cv2.line(mask, _pixel(ball), _pixel(foot), 255, max(2, int(radius * 1.2)), cv2.LINE_AA)
    cv2.circle(mask, _pixel(ball), int(radius), 255, -1, cv2.LINE_AA)


def _draw_edge(mask: np.ndarray, rng: np.random.Generator) -> None:
    """The crop reaches over the picture's edge."""
    size = mask.shape[0]
    width = int(rng.uniform(0.03, 0.33) * size)
    edges = (np.s_[:, :width], np.s_[:, size - width :], np.s_[:width], np.s_[size - width :])
    mask[edges[int(rng.integers(4))]] = 255


def _draw_bar(mask: np.ndarray, rng: np.random.Generator) -> None:
    import cv2

    size = mask.shape[0]
    ends = rng.uniform(-0.2, 1.2, (2, 2)) * size
    cv2.line(
        mask, _pixel(ends[0]), _pixel(ends[1]), 255, int(rng.uniform(0.02, 0.12) * size) + 1, cv2.LINE_AA
    )


def _draw_ellipse(mask: np.ndarray, rng: np.random.Generator) -> None:
    import cv2

    size = mask.shape[0]
    axes = _pixel(rng.uniform(0.05, 0.24, 2) * size)
    center = _pixel(rng.uniform(0.05, 0.95, 2) * size)
    cv2.ellipse(mask, center, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)


def _draw_box(mask: np.ndarray, rng: np.random.Generator) -> None:
    size = mask.shape[0]
    height, width = (rng.uniform(0.08, 0.4, 2) * size).astype(int)
    top, left = (rng.uniform(-0.1, 0.95, 2) * size).astype(int).clip(0)
    mask[top : top + height, left : left + width] = 255


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
