"""Glasses, head coverings and microphones, built around one person's head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Accessory:
    """A mesh in the head's rest frame, metres."""

    vertices_m: np.ndarray
    triangles: np.ndarray


def tube(path: np.ndarray, radius: float, *, closed: bool, sides: int = 5) -> Accessory:
    """A tube of constant radius along a polyline."""
    count = len(path)
    tangent = (np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)) if closed else np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    reference = np.array([0.1, 0.3, 0.95])
    first = np.cross(tangent, reference)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-9)
    second = np.cross(tangent, first)
    turn = np.arange(sides) * 2 * np.pi / sides
    ring = np.cos(turn)[None, :, None] * first[:, None] + np.sin(turn)[None, :, None] * second[:, None]
    vertices = (path[:, None] + radius * ring).reshape(-1, 3)
    triangles = []
    for i in range(count if closed else count - 1):
        for k in range(sides):
            a, b = i * sides + k, i * sides + (k + 1) % sides
            c, d = (a + sides) % len(vertices), (b + sides) % len(vertices)
            triangles += [[a, c, b], [b, c, d]]
    return Accessory(vertices, np.array(triangles))


def join(pieces: list[Accessory]) -> Accessory:
    offsets = np.cumsum([0, *[len(p.vertices_m) for p in pieces]])
    return Accessory(
        np.concatenate([p.vertices_m for p in pieces]),
        np.concatenate([p.triangles + o for p, o in zip(pieces, offsets, strict=False)]),
    )


def random_glasses(
    eyes_m: np.ndarray,
    nose_bridge_m: np.ndarray,
    ears_m: np.ndarray,
    rng: np.random.Generator,
    *,
    thin: bool = False,
) -> tuple[Accessory, Accessory]:
    """Frame and lenses for a person.

    Args:
        eyes_m: (2, 3) eyeball centres, left then right.
        nose_bridge_m: (3,).
        ears_m: (2, 3) where the temples rest.
        thin: as metal frames are.
    """
    width = rng.uniform(0.024, 0.030)
    height = width * rng.uniform(0.62, 0.95)
    power = rng.uniform(2.0, 4.5)
    thickness = rng.uniform(0.0006, 0.0011) if thin else rng.uniform(0.0012, 0.0023)
    depth = max(nose_bridge_m[2], eyes_m[:, 2].max() + 0.012) + rng.uniform(0.003, 0.009)
    drop = rng.uniform(-0.001, 0.006)
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    pieces, lenses, outer = [], [], []
    for eye, ear, side in ((eyes_m[0], ears_m[0], 1.0), (eyes_m[1], ears_m[1], -1.0)):
        cosine, sine = np.cos(turn), np.sin(turn)
        x = np.sign(cosine) * np.abs(cosine) ** (2 / power) * width
        y = np.sign(sine) * np.abs(sine) ** (2 / power) * height
        bend = -0.10 * side * x
        rim = np.stack([eye[0] + side * 0.002 + x, eye[1] - drop + y, depth + bend], axis=1)
        pieces.append(tube(rim, thickness, closed=True))
        lenses.append(
            Accessory(
                np.concatenate([rim.mean(axis=0, keepdims=True) + [0, 0, 0.0015], rim]),
                np.array([[0, 1 + i, 1 + (i + 1) % len(rim)] for i in range(len(rim))]),
            )
        )
        hinge = rim[(np.abs(turn - (0 if side > 0 else np.pi))).argmin()]
        outer.append(hinge)
        temple = np.linspace(hinge, ear + [0.003 * side, 0.004, 0], 8)
        temple[:, 0] += side * 0.006 * np.sin(np.linspace(0, np.pi, 8))
        pieces.append(tube(temple, thickness * 1.2, closed=False))
    inner = [eyes_m[0] + [0.002 - width, 0, 0], eyes_m[1] + [width - 0.002, 0, 0]]
    bridge = np.linspace(inner[0], inner[1], 7)
    bridge[:, 2] = depth + 0.002 + 0.003 * np.sin(np.linspace(0, np.pi, 7))
    bridge[:, 1] += 0.004 * np.sin(np.linspace(0, np.pi, 7))
    pieces.append(tube(bridge, thickness, closed=False))
    return join(pieces), join(lenses)


def microphone(mouth_m: np.ndarray, rng: np.random.Generator) -> Accessory:
    """A ball on a handle in front of and below the mouth."""
    tip = mouth_m + [rng.normal(0, 0.03), rng.uniform(-0.07, -0.01), rng.uniform(0.03, 0.07)]
    direction = np.array([rng.normal(0, 0.5), -1.0, rng.uniform(-0.1, 0.8)])
    direction /= np.linalg.norm(direction)
    radius = rng.uniform(0.016, 0.027)
    polar, turn = np.meshgrid(
        np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 12, endpoint=False), indexing="ij"
    )
    ball = tip + radius * np.stack(
        [np.sin(polar) * np.cos(turn), np.cos(polar), np.sin(polar) * np.sin(turn)], axis=-1
    ).reshape(-1, 3)
    faces = []
    for i in range(8):
        for k in range(12):
            a, b = i * 12 + k, i * 12 + (k + 1) % 12
            faces += [[a, a + 12, b], [b, a + 12, b + 12]]
    handle = tube(np.linspace(tip, tip + 0.16 * direction, 4), radius * 0.6, closed=False, sides=10)
    return join([Accessory(ball, np.array(faces)), handle])


def _grid(points_m: np.ndarray) -> Accessory:
    """A sheet through a grid of points (rows, columns, 3)."""
    rows, columns = points_m.shape[:2]
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[:-1, 1:], corner[1:, 1:]
    triangles = [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)]
    return Accessory(points_m.reshape(-1, 3), np.concatenate(triangles))


def cap_brim(skin_m: np.ndarray, height_m: float, rng: np.random.Generator) -> Accessory:
    """The peak of a cap whose hem is at a height.

    Args:
        skin_m: (V, 3) skin at rest.
    """
    around = skin_m[np.abs(skin_m[:, 1] - height_m) < 0.012]
    half_m, front_m = np.abs(around[:, 0]).max() + 0.008, around[:, 2].max() + 0.007
    length_m, drop_m, turn = rng.uniform(0.045, 0.07), rng.uniform(0.005, 0.03), rng.uniform(0.95, 1.2)
    angle, out = np.meshgrid(np.linspace(-turn, turn, 17), np.linspace(0, 1, 5))
    reach = out * np.sqrt(np.maximum(1 - (angle / turn) ** 2, 0))
    x, z = half_m * np.sin(angle) * (1 + 0.05 * reach), front_m * np.cos(angle) + length_m * reach
    y = height_m - drop_m * reach - 0.35 * x**2 / half_m
    return _grid(np.stack([x, y, z], axis=2))


def face_mask(skin_m: np.ndarray, top_m: float, chin_m: float, rng: np.random.Generator) -> Accessory:
    """Cloth over nose, mouth and chin.

    Args:
        skin_m: (V, 3) skin at rest; top_m, chin_m: heights of its upper edge and of the chin.
    """
    import cv2

    across, down = np.meshgrid(np.linspace(-1, 1, 17), np.linspace(0, 1, 13))
    x = across * (0.066 - 0.018 * down)
    y = top_m + (chin_m - 0.006 - top_m) * down - 0.012 * across**2 * (1 - 2 * down)
    front = skin_m[skin_m[:, 2] > 0]
    apart = np.hypot(front[:, 0] - x[..., None], front[:, 1] - y[..., None])
    z = np.where(apart < 0.011, front[:, 2], -1).max(axis=2)
    z = np.maximum(z, 0.02).astype(np.float32)
    z = np.maximum(cv2.GaussianBlur(z, (0, 0), 1.2, borderType=cv2.BORDER_REPLICATE), z)
    return _grid(np.stack([x, y, z + rng.uniform(0.003, 0.006)], axis=2))
