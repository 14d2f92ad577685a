"""What skin looks like without light: a mean pattern on the head, and how people differ from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from mien import __version__
from mien.errors import InputError
from mien.heads.model import Head
from mien.images.limits import decoded_picture
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
_BUILT_IN_PATH = Path(__file__).parent / "data" / "albedo.npz"
_CARDS = ("shade", "coverage")
LOG_STEPS = 80.0
"""Levels of the pattern's picture for each unit of its logarithm, about 128."""


@dataclass(frozen=True, eq=False)
class AlbedoModel:
    """Linear albedo of a head's skin: tone · exp(pattern + Σ weightₖ · modeₖ).

    Attributes:
        head_name, head_version, atlas: which head it is for, and a mark of its texture coordinates.
        pattern: (V, 3) mean logarithm of albedo over tone at the vertices, smooth.
        modes: (K, V, 3) for a weight of 1; over people the weights are standard normal.
        scalp: (V,) where hair grows, 0 to 1.
        roughness: (V,) of the skin, 0 to 1.
        pattern_picture: (S, S, 3) the pattern in the head's atlas, with its details: 128 + 80 times it; None
            for heads with other texture coordinates than the model's.
        height_picture: (S, S) fine relief, 128 plus some; None as above.
        card_picture: (h, w, 2) hairs of the head's brow and lash cards: their brightness over the mean, times
            128, and coverage; None for heads without cards.
    """

    head_name: str
    head_version: str
    atlas: str
    pattern: Float[np.ndarray, "vertices 3"]
    modes: Float[np.ndarray, "modes vertices 3"]
    scalp: Float[np.ndarray, " vertices"]
    roughness: Float[np.ndarray, " vertices"]
    pattern_picture: UInt8[np.ndarray, "size size 3"] | None = None
    height_picture: UInt8[np.ndarray, "size size"] | None = None
    card_picture: UInt8[np.ndarray, "height width 2"] | None = None

    def log_albedo(
        self, tone: Float[np.ndarray, " 3"], weights: Float[np.ndarray, " modes"]
    ) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) logarithm of the linear albedo at the vertices."""
        return np.log(tone) + self.pattern + np.tensordot(weights, self.modes, axes=1)


def atlas_mark(head: Head) -> str:
    """A mark that tells atlases apart: of the texture coordinates, and which triangles have them."""
    digest = hashlib.sha256()
    digest.update(np.round(head.uv * 4096).astype(np.int32).tobytes())
    digest.update(head.uv_triangles.astype(np.int32).tobytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=8)
def albedo_model_for(head: Head) -> AlbedoModel:
    """The built-in model for a head; kept for the last heads.

    A head that the model was not made for gets it carried over: each vertex takes what the nearest place of
    the built-in head's skin has, the built-in mean laid over the head by the 68 landmarks. Details in the
    atlas are then left out.

    Raises:
        InputError: the built-in model is damaged.
        LandmarkSetError: the head does not name the 68 landmarks.
    """
    model = read_albedo_model()
    if len(model.scalp) == head.vertex_count and model.head_name == head.name:
        if model.atlas == atlas_mark(head):
            return model
        return replace(model, pattern_picture=None, height_picture=None, card_picture=None)
    from mien.heads.library import load_head

    source = load_head()
    if len(model.scalp) != source.vertex_count:
        raise InputError(
            "was made for another version of the built-in head; make it anew with: mien head looks",
            source=_BUILT_IN_PATH,
        )
    return carried_over(model, source, head)


def carried_over(model: AlbedoModel, source: Head, target: Head) -> AlbedoModel:
    """The model of one head on another: values of the nearest skin vertices."""
    from scipy.spatial import KDTree

    from mien.geometry.alignment import align_similarity
    from mien.looks.face_regions import face_regions

    alignment = align_similarity(
        source.mean_m[source.landmark_set("ibug68").vertices],
        target.mean_m[target.landmark_set("ibug68").vertices],
    )
    skin = np.flatnonzero(face_regions(source).skin > 0)
    distance, nearest = KDTree(alignment.apply(source.mean_m[skin])).query(target.mean_m, k=3)
    share = 1 / np.maximum(distance, 1e-5)
    share /= share.sum(axis=1, keepdims=True)
    places = skin[nearest]

    def carry(values: np.ndarray) -> np.ndarray:
        return (values[places] * share.reshape(share.shape + (1,) * (values.ndim - 1))).sum(axis=1)

    return AlbedoModel(
        head_name=target.name,
        head_version=target.version,
        atlas="",
        pattern=carry(model.pattern),
        modes=np.stack([carry(mode) for mode in model.modes]),
        scalp=carry(model.scalp),
        roughness=carry(model.roughness),
    )


@lru_cache(maxsize=2)
def read_albedo_model(path: Path = _BUILT_IN_PATH) -> AlbedoModel:
    """Read a model that `save_albedo_model` wrote.

    Raises:
        InputError: the file is missing or holds no such model.
    """
    no_model = "is no albedo model; make one with: mien head looks"
    with open_npz(path, what=no_model, missing=no_model) as archive:
        values = FileValues(archive, source=path, remedy="make a model with: mien head looks")
        version = values.integer("format_version")
        if version != FORMAT_VERSION:
            raise InputError(
                f"has format {version}, this mien reads {FORMAT_VERSION}; make it anew with: mien head looks",
                source=path,
            )
        cards = None
        if "card_shade" in values:
            cards = np.stack([_picture(values, f"card_{name}", grey=True) for name in _CARDS], axis=-1)
        logs: dict[str, Any] = {"low": -50.0, "high": 50.0}
        return AlbedoModel(
            head_name=values.text("head_name"),
            head_version=values.text("head_version"),
            atlas=values.text("atlas"),
            pattern=values.array("pattern", "vertices 3", **logs),
            modes=values.array("modes", "modes vertices 3", **logs),
            scalp=values.array("scalp", "vertices", low=-0.1, high=1.1),
            roughness=values.array("roughness", "vertices", low=-0.1, high=1.1),
            pattern_picture=_picture(values, "pattern_picture"),
            height_picture=_picture(values, "height_picture", grey=True),
            card_picture=cards,
        )


def _picture(values: FileValues, name: str, *, grey: bool = False) -> np.ndarray:
    coded = values.array(name, f"bytes_of_{name}", kind="integer", low=0, high=255).astype(np.uint8)
    picture = decoded_picture(coded, source=f"{values.source}: {name}", grey=grey)
    # Those of the atlas are as large as each other, and so are those of the cards.
    size = "card_height card_width" if name.startswith("card_") else "atlas_size atlas_size"
    return values.same_size(name, picture, size + ("" if grey else " 3"))


def save_albedo_model(model: AlbedoModel, path: Path) -> None:
    """Write a model as plain `.npz`, its pictures coded as JPEG, and beside it its card (`.card.json`).

    Raises:
        ValueError: a model that was carried over, which has no pictures.
    """
    import cv2

    from mien.files import atomic_path, write_text

    if model.pattern_picture is None or model.height_picture is None:
        raise ValueError("a model that was carried over to another head cannot be saved")
    picture = np.ascontiguousarray(model.pattern_picture[..., ::-1])
    arrays = {
        "format_version": np.array(FORMAT_VERSION),
        "head_name": np.array(model.head_name),
        "head_version": np.array(model.head_version),
        "atlas": np.array(model.atlas),
        "pattern": model.pattern.astype(np.float16),
        "modes": model.modes.astype(np.float16),
        "scalp": model.scalp.astype(np.float16),
        "roughness": model.roughness.astype(np.float16),
        "pattern_picture": cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel(),
        "height_picture": cv2.imencode(".jpg", model.height_picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[
            1
        ].ravel(),
    }
    if model.card_picture is not None:
        for name, layer in zip(_CARDS, np.moveaxis(model.card_picture, -1, 0), strict=True):
            arrays[f"card_{name}"] = cv2.imencode(".png", np.ascontiguousarray(layer))[1].ravel()
    write_text(path.with_suffix(".card.json"), json.dumps(_card(model), indent=2) + "\n")
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, **arrays)


def _card(model: AlbedoModel) -> dict[str, Any]:
    """What the model was learned from, how, and under which licence."""
    return {
        "format_version": 1,
        "name": "albedo",
        "mien_version": __version__,
        "head_name": model.head_name,
        "head_version": model.head_version,
        "atlas": model.atlas,
        "modes": len(model.modes),
        "training_data": "the 20 skins of MakeHuman's core assets (CC0 1.0); no photographs of people",
        "command": "mien head looks --assets FOLDER",
        "licence": "Apache-2.0, as mien; the skins are in the public domain",
    }
