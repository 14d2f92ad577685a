"""Pictures of people with expressions, as one plain file: who, what, from where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8

from mien.camera_files.checks import checked_camera
from mien.cameras import Camera
from mien.errors import InputError
from mien.files import atomic_path
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
MAX_SIDE_PX = 10_000
LEARNED, UNSEEN_VIEW, UNSEEN_PERSON = range(3)
"""Values of `ExpressivePeople.kind`: pictures to learn from; other views of the same people, and other
people, to measure on."""


@dataclass(frozen=True, eq=False)
class ExpressivePeople:
    """Pictures of heads at the origin that face +z, in the head's frame.

    Attributes:
        identity: (P, I); textures: (P, S, S, 3) sRGB in the head's texture coordinates, light taken out.
        expression: (N, E) weights; person, expression_number: (N,) whose and which of the 20; kind: (N,).
        rgba: pictures, colours not multiplied by alpha; two sizes may stand side by side.
        intrinsics: (N, 3, 3); camera_from_world: (N, 4, 4).
    """

    identity: Float[np.ndarray, "people identity"]
    textures: UInt8[np.ndarray, "people size size 3"]
    expression: Float[np.ndarray, "pictures expression"]
    person: Int[np.ndarray, " pictures"]
    expression_number: Int[np.ndarray, " pictures"]
    kind: Int[np.ndarray, " pictures"]
    rgba: list[UInt8[np.ndarray, "_ _ 4"]]
    intrinsics: Float[np.ndarray, "pictures 3 3"]
    camera_from_world: Float[np.ndarray, "pictures 4 4"]

    def __len__(self) -> int:
        return len(self.person)

    def camera(self, index: int) -> Camera:
        """Who took a picture."""
        height, width = self.rgba[index].shape[:2]
        return Camera(self.intrinsics[index], self.camera_from_world[index], width, height)

    def parameters(self, index: int) -> HeadParameters:
        """The head in a picture."""
        identity, expression = self.identity[self.person[index]], self.expression[index]
        return HeadParameters(identity, expression, np.zeros((4, 3)), np.zeros(3), np.zeros(3))

    def vertices_m(self, head: Head, index: int) -> Float[np.ndarray, "vertices 3"]:
        """The mesh in a picture, metres, head frame."""
        return head.vertices_m(self.parameters(index))

    def of_kind(self, kind: int) -> Int[np.ndarray, " n"]:
        """Indices of the pictures of a kind."""
        return np.flatnonzero(self.kind == kind)


def reduced(rgba: UInt8[np.ndarray, "size size 4"], size_px: int) -> UInt8[np.ndarray, "small small 4"]:
    """Means over pixels, weighted by alpha."""
    k = rgba.shape[0] // size_px
    tiles = rgba.reshape(size_px, k, size_px, k, 4).astype(np.float32)
    alpha = tiles[..., 3:].mean(axis=(1, 3))
    color = (tiles[..., :3] * tiles[..., 3:]).mean(axis=(1, 3)) / np.maximum(alpha, 1e-6)
    return np.rint(np.concatenate([color, alpha], axis=-1)).astype(np.uint8)


def at_size(people: ExpressivePeople, size_px: int) -> ExpressivePeople:
    """The same with larger pictures reduced, so that none has more pixels a side.

    Raises:
        InputError: a picture's side is no multiple of it.
    """
    pictures, intrinsics = [], people.intrinsics.copy()
    for index, rgba in enumerate(people.rgba):
        if len(rgba) > size_px:
            if len(rgba) % size_px:
                raise InputError(f"pictures of {len(rgba)} pixels cannot be reduced to {size_px}")
            camera = people.camera(index).resized(width_px=size_px, height_px=size_px)
            intrinsics[index], rgba = camera.intrinsics, reduced(rgba, size_px)
        pictures.append(rgba)
    return replace(people, rgba=pictures, intrinsics=intrinsics)


def save_people(people: ExpressivePeople, path: str | Path) -> Path:
    """Write them as plain `.npz`."""
    path = Path(path)
    arrays = {name: value for name, value in vars(people).items() if name != "rgba"}
    sizes = np.array([picture.shape[0] for picture in people.rgba], np.int64)
    flat = np.concatenate([picture.ravel() for picture in people.rgba])
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, format_version=FORMAT_VERSION, sizes_px=sizes, rgba=flat, **arrays)
    return path


def read_people(path: str | Path) -> ExpressivePeople:
    """Read what `save_people` wrote.

    Raises:
        InputError: the file is missing, damaged or of another version.
    """
    remedy = "make them with: mien synth people"
    what = f"holds no pictures of people; {remedy}"
    with open_npz(path, what=what, missing="is missing; make it with: mien synth people") as file:
        values = FileValues(file, source=path, remedy=remedy)
        if values.integer("format_version") != FORMAT_VERSION:
            raise InputError(what, source=path)
        identity = values.array("identity", "people identity", low=-100, high=100)
        textures = values.stored("textures", "people size size 3", np.uint8)
        expression = values.array("expression", "pictures expression", low=-10, high=10)
        person = values.array("person", "pictures", kind="integer", low=0, high=len(identity) - 1)
        if not len(person):
            raise values.damaged("it holds no pictures")
        people = ExpressivePeople(
            identity=identity,
            textures=textures,
            expression=expression,
            person=person,
            expression_number=values.array("expression_number", "pictures", kind="integer", low=0, high=1000),
            kind=values.array("kind", "pictures", kind="integer", low=LEARNED, high=UNSEEN_PERSON),
            rgba=_pictures(values),
            intrinsics=values.array("intrinsics", "pictures 3 3"),
            camera_from_world=values.array("camera_from_world", "pictures 4 4"),
        )
        for index in range(len(people)):
            checked_camera(people.camera(index), source=path, name=f"picture {index}")
        return people


def _pictures(values: FileValues) -> list[UInt8[np.ndarray, "_ _ 4"]]:
    """The pictures, which lie in the file one after the other."""
    sizes = values.array("sizes_px", "pictures", kind="integer", low=1, high=MAX_SIDE_PX)
    flat = values.stored("rgba", "bytes", np.uint8)
    ends = np.cumsum(4 * sizes**2)
    if ends[-1] != len(flat):
        raise values.damaged(f"rgba has {len(flat)} bytes, and sizes_px asks for {ends[-1]}")
    return [
        flat[end - 4 * size * size : end].reshape(size, size, 4)
        for size, end in zip(sizes, ends, strict=True)
    ]
