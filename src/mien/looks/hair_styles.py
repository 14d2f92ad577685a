"""Hair styles that come with mien: cards of hair, how they follow the skin, and a picture without colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer, UInt8

from mien.errors import InputError
from mien.images.limits import decoded_picture
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
_BUILT_IN_PATH = Path(__file__).parent / "data" / "hair.npz"
_OFFSET_STEP_M = 2e-5
_UV_STEPS = 8192
"""Of a picture's side, in the file."""
_EXACT = ("neighbours", "quads", "uv_quads")
_SCALED = {"weights": 65535.0, "looseness": 65535.0, "offsets_m": 1 / _OFFSET_STEP_M, "uv": _UV_STEPS}


@dataclass(frozen=True, eq=False)
class HairStyle:
    """Cards of hair for the built-in head.

    Attributes:
        name: for example "short".
        neighbours, weights: (P, K) vertices of the head's skin that each vertex follows, and their shares;
            the rows sum to 1.
        offsets_m: (P, 3) from where the neighbours lie to the vertex, head frame.
        looseness: (P,) share of the skin's expressions that it does not make: 1 on what hangs free.
        quads, uv_quads: (Q, 4), -1 in the fourth column of triangles; those near the skin first, so that what
            is drawn later lies outside.
        uv: (U, 2) in the picture, v up.
        picture: (h, w, 2) brightness over the mean, times 128, and coverage.
    """

    name: str
    neighbours: Integer[np.ndarray, "vertices k"]
    weights: Float[np.ndarray, "vertices k"]
    offsets_m: Float[np.ndarray, "vertices 3"]
    looseness: Float[np.ndarray, " vertices"]
    quads: Integer[np.ndarray, "quads 4"]
    uv_quads: Integer[np.ndarray, "quads 4"]
    uv: Float[np.ndarray, "texture 2"]
    picture: UInt8[np.ndarray, "height width 2"]

    def followed(self, skin: Float[np.ndarray, "*rows vertices n"]) -> Float[np.ndarray, "*rows points n"]:
        """What the skin has, at the hair's vertices: places without the offsets, displacements, weights."""
        from scipy.sparse import csr_matrix

        count, width = self.neighbours.shape
        ties = csr_matrix(
            (self.weights.ravel(), self.neighbours.ravel(), np.arange(count + 1) * width),
            shape=(count, skin.shape[-2]),
        )
        flat = skin.reshape(-1, *skin.shape[-2:])
        return np.stack([ties @ each for each in flat]).reshape(*skin.shape[:-2], count, skin.shape[-1])


def hair_style_names() -> tuple[str, ...]:
    """Names of the hair styles that come with mien."""
    return tuple(read_hair_styles())


def hair_style(name: str) -> HairStyle:
    """A style by its name.

    Raises:
        InputError: there is no such style, or the file of styles is damaged.
    """
    styles = read_hair_styles()
    if name not in styles:
        raise InputError(f"there is no hair style {name!r}; known are {', '.join(styles)}")
    return styles[name]


@lru_cache(maxsize=2)
def read_hair_styles(path: Path = _BUILT_IN_PATH) -> dict[str, HairStyle]:
    """Read what `save_hair_styles` wrote, by name.

    Raises:
        InputError: the file is missing or holds no styles.
    """
    no_styles = "holds no hair styles; make them with: mien head hair"
    with open_npz(path, what=no_styles, missing=no_styles) as archive:
        values = FileValues(archive, source=path, remedy="make the styles with: mien head hair")
        version = values.integer("format_version")
        if version != FORMAT_VERSION:
            raise InputError(
                f"has format {version}, this mien reads {FORMAT_VERSION}; make it anew with: mien head hair",
                source=path,
            )
        return {name: _style(values, name) for name in values.texts("names", "styles")}


def _style(values: FileValues, name: str) -> HairStyle:
    layers = []
    for layer in ("shade", "coverage"):
        coded = values.array(f"{name}_{layer}", f"bytes_{name}_{layer}", kind="integer", low=0, high=255)
        layers.append(decoded_picture(coded.astype(np.uint8), source=f"{values.source}: {name}", grey=True))
    # Each style has sizes of its own.
    of_style = FileValues(
        {key: values.array(f"{name}_{key}", _shape(key, name)) for key in (*_EXACT, *_SCALED)},
        source=values.source, remedy=values.remedy,
    )  # fmt: skip

    def indices(key: str, low: int, high: int) -> np.ndarray:
        return of_style.array(key, _shape(key), kind="integer", low=low, high=high - 1).astype(np.int32)

    scaled = {key: of_style.array(key, _shape(key)) / scale for key, scale in _SCALED.items()}
    weights = scaled["weights"]
    if (weights < 0).any() or (weights.sum(axis=1) <= 0).any() or layers[0].shape != layers[1].shape:
        raise values.damaged(f"the style {name!r} has vertices without weights or pictures of two sizes")
    scaled["weights"] = weights / weights.sum(axis=1, keepdims=True)
    return HairStyle(
        name,
        neighbours=indices("neighbours", 0, 2**31),
        quads=indices("quads", -1, len(weights)),
        uv_quads=indices("uv_quads", -1, len(scaled["uv"])),
        picture=np.stack(layers, axis=-1).astype(np.uint8),
        **scaled,
    )


def _shape(key: str, name: str = "") -> str:
    """The axes of a style's array, named for the style where a name is given."""
    axes = {
        "neighbours": "vertices k",
        "weights": "vertices k",
        "offsets_m": "vertices 3",
        "looseness": "vertices",
        "quads": "quads 4",
        "uv_quads": "quads 4",
        "uv": "texture 2",
    }[key]
    return " ".join(axis if axis.isdigit() or not name else f"{axis}_{name}" for axis in axes.split())


def save_hair_styles(styles: Mapping[str, HairStyle], path: Path) -> None:
    """Write styles as plain `.npz`: brightness as JPEG, coverage as PNG."""
    import cv2

    from mien.files import atomic_path

    arrays: dict[str, np.ndarray] = {
        "format_version": np.array(FORMAT_VERSION),
        "names": np.array(list(styles)),
    }
    for name, style in styles.items():
        shade, coverage = (np.ascontiguousarray(layer) for layer in np.moveaxis(style.picture, -1, 0))
        arrays[f"{name}_shade"] = cv2.imencode(".jpg", shade, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].ravel()
        arrays[f"{name}_coverage"] = cv2.imencode(".png", coverage)[1].ravel()
        for key in _EXACT:
            arrays[f"{name}_{key}"] = getattr(style, key).astype(np.int16)
        for key, scale in _SCALED.items():
            signed = np.int16 if key in ("offsets_m", "uv") else np.uint16
            arrays[f"{name}_{key}"] = np.round(getattr(style, key) * scale).astype(signed)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **arrays)  # pyright: ignore[reportArgumentType]
