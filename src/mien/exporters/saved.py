"""Fits and tracks as plain data, .npz or .json, and back again without loss and without running code.

Both hold the same fields. JSON keeps every digit of a float64 and writes NaN as null; an .npz is much
smaller and holds what is not an array in one JSON text called "document".
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.from_version1 import converted_document, is_version1
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status

FORMAT_VERSION = 1

_TRACK_ARRAYS = (
    "times_s", "identity", "expression", "joint_rotations", "root_rotation", "root_translation_m", "tracked",
    "points_px", "sigma_px",
)  # fmt: skip


def to_document(
    result: HeadFit | HeadTrack, *, expression_names: tuple[str, ...], mien_version: str
) -> dict[str, Any]:
    """Everything in a result by name: arrays stay arrays, the rest is what JSON knows."""
    common = {
        "format_version": FORMAT_VERSION,
        "mien_version": mien_version,
        "kind": "fit" if isinstance(result, HeadFit) else "track",
        "head_name": result.head_name,
        "head_version": result.head_version,
        "units": "metres, radians, seconds, pixels; pixel (0, 0) is the centre of the top-left pixel",
        "expression_names": list(expression_names),
        "camera_intrinsics": result.camera.intrinsics,
        "camera_from_world": result.camera.camera_from_world,
        "width_px": result.camera.width_px,
        "height_px": result.camera.height_px,
    }
    if isinstance(result, HeadTrack):
        arrays = {name: getattr(result, name) for name in _TRACK_ARRAYS}
        return {
            **common,
            "set_name": result.set_name,
            "frames_per_second": result.frames_per_second,
            **arrays,
        }
    parameters = result.parameters
    return {
        **common,
        "status": result.status.name,
        "status_sentence": result.status.value,
        "iterations": result.iterations,
        "cost_history": np.asarray(result.cost_history, float),
        "focal": result.focal,
        "identity_known": result.identity_known,
        "set_name": result.landmarks.set_name,
        "score": result.landmarks.score,
        "points_px": result.landmarks.points_px,
        "sigma_px": result.landmarks.sigma_px,
        "residuals_px": result.residuals_px,
        "identity": parameters.identity,
        "expression": parameters.expression,
        "joint_rotations": parameters.joint_rotations,
        "root_rotation": parameters.root_rotation,
        "root_translation_m": parameters.root_translation_m,
    }


def json_text(document: dict[str, Any]) -> str:
    """The document as JSON; a fit's expression becomes an object from ARKit name to weight."""
    plain = {
        name: _plain(value.tolist()) if isinstance(value, np.ndarray) else _plain(value)
        for name, value in document.items()
    }
    if document["kind"] == "fit":
        plain["expression"] = dict(zip(plain["expression_names"], plain["expression"], strict=True))
    rows = (f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in plain.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def npz_bytes(document: dict[str, Any]) -> bytes:
    """The document as a compressed .npz."""
    arrays = {name: value for name, value in document.items() if isinstance(value, np.ndarray)}
    rest = {name: _plain(value) for name, value in document.items() if name not in arrays}
    file = io.BytesIO()
    arrays["document"] = np.array(json.dumps(rest))
    np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def read_fit(path: str | Path) -> HeadFit:
    """A fit saved by `mien.export` as .npz or .json, without loss.

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, a newer format, or a track.
    """
    document = _read_document(Path(path), kind="fit")
    return HeadFit(
        parameters=HeadParameters(
            identity=document["identity"],
            expression=document["expression"],
            joint_rotations=document["joint_rotations"],
            root_rotation=document["root_rotation"],
            root_translation_m=document["root_translation_m"],
        ),
        camera=_camera(document),
        landmarks=Landmarks2D(
            points_px=document["points_px"],
            sigma_px=document["sigma_px"],
            set_name=document["set_name"],
            score=float(document["score"]),
        ),
        residuals_px=document["residuals_px"],
        status=Status[document["status"]],
        iterations=int(document["iterations"]),
        cost_history=tuple(document["cost_history"].tolist()),
        head_name=document["head_name"],
        head_version=document["head_version"],
        # Not in the files of mien 0.1.0, whose fits counted both as unknown.
        focal=document.get("focal", "free"),
        identity_known=bool(document.get("identity_known", False)),
    )


def read_track(path: str | Path) -> HeadTrack:
    """A track saved by `mien.export` as .npz or .json, without loss.

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, a newer format, or a fit.
    """
    document = _read_document(Path(path), kind="track")
    return HeadTrack(
        camera=_camera(document),
        set_name=document["set_name"],
        head_name=document["head_name"],
        head_version=document["head_version"],
        frames_per_second=float(document["frames_per_second"]),
        **{name: document[name] for name in _TRACK_ARRAYS},
    )


_SHAPES = {  # what JSON's nested lists cannot say about empty arrays
    "points_px": {"fit": (-1, 2), "track": None},
    "residuals_px": {"fit": (-1, 2), "track": None},
}
_ARRAYS = (*_TRACK_ARRAYS, "residuals_px", "cost_history", "camera_intrinsics", "camera_from_world")


def _read_document(path: Path, *, kind: str) -> dict[str, Any]:
    try:
        document = _load_npz(path) if path.suffix.lower() == ".npz" else json.loads(path.read_text("utf-8"))
        found = document["kind"], int(document["format_version"])
    except FileNotFoundError as error:
        raise InputError("there is no such file", source=path) from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("is not a fit or track saved by mien (.npz or .json)", source=path) from error
    if found[1] > FORMAT_VERSION:
        raise InputError(
            f"has format version {found[1]}, newer than {FORMAT_VERSION}; update mien to read it", source=path
        )
    if found[0] != kind:
        raise InputError(f"holds a {found[0]}, not a {kind}; read it with read_{found[0]}", source=path)
    if isinstance(document["expression"], dict):
        document["expression"] = [document["expression"][name] for name in document["expression_names"]]
    if is_version1(document["head_name"], document["head_version"]):
        document = converted_document(document)
    for name in _ARRAYS:
        if name not in document:
            continue
        values = np.asarray(document[name], dtype=bool if name == "tracked" else float)
        shape = _SHAPES.get(name, {}).get(kind)
        document[name] = values.reshape(shape) if shape else values
    return document


def _load_npz(path: Path) -> dict[str, Any]:
    import zipfile

    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except zipfile.BadZipFile as error:
        raise ValueError("not a zip archive") from error
    return {**json.loads(str(arrays.pop("document"))), **arrays}


def _camera(document: dict[str, Any]) -> Camera:
    return Camera(
        intrinsics=document["camera_intrinsics"],
        camera_from_world=document["camera_from_world"],
        width_px=int(document["width_px"]),
        height_px=int(document["height_px"]),
    )


def _plain(value: Any) -> Any:
    """Lists and numbers as strict JSON: NaN becomes null, infinities become words that float() reads."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isnan(number):
            return None
        return number if math.isfinite(number) else ("Infinity" if number > 0 else "-Infinity")
    return int(value) if isinstance(value, np.integer) else value
