"""Posed views on disk: pictures of many latents, each from several known cameras.

A shard is a plain `.npz`: the pictures as JPEG bytes one after the other, a camera each, and, from generators
that know, where the landmarks truly are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from mien.camera_files.checks import checked_camera
from mien.cameras import Camera
from mien.datasets.lifting.stored_crops import checked_pictures
from mien.errors import InputError
from mien.files import atomic_path
from mien.images.limits import decoded_picture
from mien.lifting.generator import GeneratedView
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
SAMPLED = -1
"""`PosedViews.fixed` of a view from a camera drawn at random."""
_JPEG_QUALITY = 92


@dataclass(frozen=True, eq=False)
class PosedViews:
    """Views of some latents, those of one latent together.

    Attributes:
        latents: (N,) whose view each is.
        fixed: (N,) which of the fixed label views it is; -1 for one from a camera drawn at random.
        intrinsics: (N, 3, 3), pixels; camera_from_world: (N, 4, 4).
        size_px: side of the pictures.
        jpeg, starts: pictures as JPEG bytes; picture n is `jpeg[starts[n]:starts[n + 1]]`.
        exact_px: (N, L, 2) true landmarks; L is 0 where the generator does not know.
        exact_m: (N, L, 3) likewise in the generator's world.
        exact_set: their set; "" for none.
    """

    latents: Int64[np.ndarray, " views"]
    fixed: Int64[np.ndarray, " views"]
    intrinsics: Float64[np.ndarray, "views 3 3"]
    camera_from_world: Float64[np.ndarray, "views 4 4"]
    size_px: int
    jpeg: UInt8[np.ndarray, " bytes"]
    starts: Int64[np.ndarray, " starts"]
    exact_px: Float32[np.ndarray, "views landmarks 2"]
    exact_m: Float32[np.ndarray, "views landmarks 3"]
    exact_set: str

    def __len__(self) -> int:
        return len(self.latents)

    def camera(self, view: int) -> Camera:
        """Who took a view."""
        return Camera(self.intrinsics[view], self.camera_from_world[view], self.size_px, self.size_px)

    def picture(self, view: int) -> UInt8[np.ndarray, "size size 3"]:
        """A view, RGB."""
        code = self.jpeg[self.starts[view] : self.starts[view + 1]]
        picture = decoded_picture(code, source=f"view {view}")
        if picture.shape != (self.size_px, self.size_px, 3):
            raise InputError("has another size than its camera; draw it anew with: mien lift views",
                             source=f"view {view}")  # fmt: skip
        return picture

    def rows_of(self, latent: int) -> np.ndarray:
        """Its views."""
        return np.flatnonzero(self.latents == latent)

    def save(self, path: Path) -> None:
        """Write the shard."""
        with atomic_path(path) as part, open(part, "wb") as stream:
            np.savez(stream, format_version=FORMAT_VERSION, **vars(self))


def posed_views(latents: Sequence[int], fixed: Sequence[int], views: Sequence[GeneratedView]) -> PosedViews:
    """Some generated views as a shard.

    Args:
        latents, fixed: one of each per view.
    """
    import cv2

    codes = [
        cv2.imencode(".jpg", view.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].ravel()
        for view in views
    ]
    count = 0 if views[0].exact_px is None else len(views[0].exact_px)
    return PosedViews(
        latents=np.array(latents, np.int64),
        fixed=np.array(fixed, np.int64),
        intrinsics=np.stack([view.camera.intrinsics for view in views]).astype(np.float64),
        camera_from_world=np.stack([view.camera.camera_from_world for view in views]).astype(np.float64),
        size_px=views[0].camera.width_px,
        jpeg=np.concatenate(codes).astype(np.uint8),
        starts=np.cumsum([0, *map(len, codes)]).astype(np.int64),
        exact_px=_stacked([view.exact_px for view in views], count, 2),
        exact_m=_stacked([view.exact_m for view in views], count, 3),
        exact_set="",
    )


def _stacked(points: Sequence[np.ndarray | None], count: int, size: int) -> np.ndarray:
    stacked = np.full((len(points), count, size), np.nan, np.float32)
    for row, one in enumerate(points):
        if one is not None:
            stacked[row] = one
    return stacked


def read_posed_views(path: Path) -> PosedViews:
    """A shard.

    Raises:
        InputError: it is missing, damaged or of another version.
    """
    remedy = "draw it anew with: mien lift views"
    with open_npz(path, what=f"is no shard of posed views; {remedy}") as file:
        values = FileValues(file, source=path, remedy=remedy)
        if values.integer("format_version") != FORMAT_VERSION:
            raise InputError(f"is of another version; {remedy}", source=path)
        latents = values.stored("latents", "views", np.int64, low=0)
        if not len(latents):
            raise values.damaged("it holds no views")
        jpeg, starts = checked_pictures(values, count="views")
        views = PosedViews(
            latents=latents,
            fixed=values.stored("fixed", "views", np.int64, low=SAMPLED, high=10_000),
            intrinsics=values.stored("intrinsics", "views 3 3", np.float64),
            camera_from_world=values.stored("camera_from_world", "views 4 4", np.float64),
            size_px=values.integer("size_px", low=8, high=10_000),
            jpeg=jpeg,
            starts=starts,
            exact_px=values.stored("exact_px", "views landmarks 2", np.float32, low=-1e6, high=1e6, nan=True),
            exact_m=values.stored("exact_m", "views landmarks 3", np.float32, low=-1e3, high=1e3, nan=True),
            exact_set=values.text("exact_set", longest=100),
        )
        for row in range(len(views)):
            checked_camera(views.camera(row), source=path, name=f"view {row}")
        return views


def shards_of(folder: Path) -> list[Path]:
    """The shards in a folder.

    Raises:
        InputError: there are none.
    """
    paths = sorted(folder.glob("views-[0-9]*.npz"))
    if not paths:
        raise InputError("no posed views there; draw some with: mien lift views", source=folder)
    return paths


def all_posed_views(folders: Sequence[Path]) -> Iterator[tuple[Path, PosedViews]]:
    """Every shard of some folders with its path."""
    for folder in folders:
        for path in shards_of(folder):
            yield path, read_posed_views(path)
