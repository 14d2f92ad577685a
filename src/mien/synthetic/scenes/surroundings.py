"""What stands around a photographed head: a wall close behind it, or a room full of things.

Drawn by following each pixel's ray to the first of some textured rectangles and boxes, so that all pictures
of
a scene show one and the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.synthetic.scenes.backgrounds import random_background

SurroundingsKind = Literal["none", "wall", "room"]
WALL_BEHIND_M = 0.24
"""Of the wall behind the head's frame's origin: hair nearly touches it."""
ROOM_HALF_M = np.array([2.2, 1.3, 1.8])
THINGS = 9
"""Boxes that stand about in a room."""
_TEXTURE_PX = 384


@dataclass(frozen=True)
class _Slab:
    """A box with a picture on each side; rays hit it from outside, or from inside where it is a room."""

    low_m: np.ndarray
    high_m: np.ndarray
    textures: tuple[np.ndarray, ...]
    inside_out: bool = False


@dataclass(frozen=True)
class Surroundings:
    """Textured boxes around the world's origin, which all cameras see alike."""

    slabs: tuple[_Slab, ...]

    @staticmethod
    def of(kind: SurroundingsKind, *, seed: int) -> Surroundings:
        """A wall (in a plain room), or a room with furniture, of a seed."""
        rng = np.random.default_rng([seed, 9])
        room = _Slab(
            -ROOM_HALF_M, ROOM_HALF_M.copy(), _textures(rng, 6, busy=kind == "room"), inside_out=True
        )
        if kind == "wall":
            room.low_m[2] = -WALL_BEHIND_M
            return Surroundings((room,))
        slabs = [room]
        for _ in range(THINGS):
            azimuth = rng.uniform(0, 2 * np.pi)
            distance_m = rng.uniform(0.9, 1.5)
            size_m = rng.uniform(0.1, 0.45, 3)
            middle_m = np.array(
                [np.sin(azimuth) * distance_m, rng.uniform(-0.6, 0.5), np.cos(azimuth) * distance_m]
            )
            if middle_m[2] > 0.2:  # not between a camera and the head
                middle_m *= [1.6, 1, 1.15]
            slabs.append(_Slab(middle_m - size_m / 2, middle_m + size_m / 2, _textures(rng, 6, busy=True)))
        return Surroundings(tuple(slabs))

    def picture(self, camera: Camera, *, each_way: int = 2) -> UInt8[np.ndarray, "h w 3"]:
        """What a camera sees of them, the mean of each_way² rays a pixel."""
        total = np.zeros((camera.height_px, camera.width_px, 3), np.float32)
        for row in range(each_way):
            for column in range(each_way):
                shift = (np.array([column, row]) + 0.5) / each_way - 0.5
                total += self._rays(camera, shift)
        return np.rint(total / each_way**2).astype(np.uint8)

    def _rays(self, camera: Camera, shift: np.ndarray) -> np.ndarray:
        y, x = np.mgrid[: camera.height_px, : camera.width_px].astype(float)
        pixels = np.stack([x + shift[0], y + shift[1], np.ones_like(x)], axis=-1).reshape(-1, 3)
        inverse = camera.world_from_camera
        directions = pixels @ np.linalg.inv(camera.intrinsics).T @ inverse[:3, :3].T
        origin = inverse[:3, 3]
        nearest = np.full(len(directions), np.inf)
        colors = np.zeros((len(directions), 3), np.float32)
        for slab in self.slabs:
            depth, face, places = _hits(slab, origin, directions)
            closer = depth < nearest
            # Where a camera stands in a thing, or behind a wall, that is not drawn
            for number in range(6):
                here = np.flatnonzero(closer & (face == number))
                if len(here):
                    colors[here] = _sampled(slab.textures[number], places[here])
            nearest = np.where(closer, depth, nearest)
        return colors.reshape(camera.height_px, camera.width_px, 3)


def _textures(rng: np.random.Generator, count: int, *, busy: bool) -> tuple[np.ndarray, ...]:
    out = []
    for _ in range(count):
        picture = random_background(rng, _TEXTURE_PX)
        if not busy:  # a plain wall with some life
            mean = picture.mean(axis=(0, 1))
            picture = np.clip(mean + 0.25 * (picture - mean), 0, 255).astype(np.uint8)
        out.append(picture)
    return tuple(out)


def _hits(
    slab: _Slab, origin: Float[np.ndarray, " 3"], directions: Float[np.ndarray, "r 3"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance along each ray (infinite where it misses), number of the side, place on it in [0, 1]²."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low = (slab.low_m - origin) / directions
        high = (slab.high_m - origin) / directions
    near, far = np.minimum(low, high), np.maximum(low, high)
    enter, leave = near.max(axis=1), far.min(axis=1)
    at = leave if slab.inside_out else enter
    axis = far.argmin(axis=1) if slab.inside_out else near.argmax(axis=1)
    hit = (enter <= leave) & (at > 1e-6)
    points = origin + np.where(hit, at, 0)[:, None] * directions
    relative = (points - slab.low_m) / (slab.high_m - slab.low_m)
    others = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    places = np.clip(np.take_along_axis(relative, others, axis=1), 0, 1)
    upper = np.take_along_axis(relative, axis[:, None], axis=1)[:, 0] > 0.5
    return np.where(hit, at, np.inf), 2 * axis + upper, places


def _sampled(texture: np.ndarray, places: np.ndarray) -> np.ndarray:
    # Bilinear by hand: remap takes no more than 32,767 places at a time
    x, y = (places * (len(texture) - 1.001)).T
    column, row = x.astype(int), y.astype(int)
    right, down = (x - column)[:, None], (y - row)[:, None]
    upper = texture[row, column] * (1 - right) + texture[row, column + 1] * right
    lower = texture[row + 1, column] * (1 - right) + texture[row + 1, column + 1] * right
    return (upper * (1 - down) + lower * down).astype(np.float32)
