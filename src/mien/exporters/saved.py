"""Fits as plain data, .npz or .json, and back again without loss and without running code; and tracks back.

Both hold the same fields. JSON keeps every digit of a float64 and writes NaN as null; an .npz is much smaller
and holds what is not an array in one JSON text called "document". Tracks of format 1 were such documents too;
those of format 2 are written by `mien.tracking.track_file` and `mien.exporters.track_json`.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.exporters.saved_checks import by_name, checked_fit, checked_track
from mien.exporters.track_json import FORMAT_VERSION as TRACK_FORMAT_VERSION
from mien.exporters.track_json import track_of_json
from mien.fitting.results import HeadFit, HeadTrack
from mien.heads.from_version1 import converted_document, is_version1
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.reading.array_members import MAX_TEXT_LENGTH
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json, read_json_object
from mien.reading.npz import open_npz
from mien.tracking.track_file import has_parts, open_track

FORMAT_VERSION = 1

_TRACK_ARRAYS = (
    "times_s", "identity", "expression", "joint_rotations", "root_rotation", "root_translation_m", "tracked",
    "points_px", "sigma_px",
)  # fmt: skip


def to_document(result: HeadFit, *, expression_names: tuple[str, ...], mien_version: str) -> dict[str, Any]:
    """Everything in a fit by name: arrays stay arrays, the rest is what JSON knows."""
    common = {
        "format_version": FORMAT_VERSION,
        "mien_version": mien_version,
        "kind": "fit",
        "head_name": result.head_name,
        "head_version": result.head_version,
        "units": "metres, radians, seconds, pixels; pixel (0, 0) is the centre of the top-left pixel",
        "expression_names": list(expression_names),
        "camera_intrinsics": result.camera.intrinsics,
        "camera_from_world": result.camera.camera_from_world,
        "width_px": result.camera.width_px,
        "height_px": result.camera.height_px,
    }
    parameters = result.parameters
    return {
        **common,
        "status": result.status.name,
        "status_sentence": result.outcome,
        "reason": result.reason,
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


@checked_call
def read_fit(path: str | Path) -> HeadFit:
    """A fit saved by `mien.export` as .npz or .json, without loss.

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, a newer format, or a track.
    """
    with _opened_document(Path(path), kind="fit") as values:
        found = checked_fit(values)
    found = _of_this_version(found)
    return HeadFit(
        parameters=HeadParameters(**{name: found[name] for name in _PARAMETERS}),
        landmarks=Landmarks2D(**{name: found[name] for name in _LANDMARKS}),
        **{name: found[name] for name in _OF_FIT},
    )


@checked_call
def read_track(path: str | Path) -> HeadTrack:
    """A track saved by `mien.export` as .npz or .json, as a whole; `open_track` reads an .npz in parts.

    An .npz keeps motion to seven digits and landmarks to a 65536th of the picture; a .json has no landmarks.

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, a newer format, or a fit.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz" and has_parts(path):
        return open_track(path).load()
    with _opened_document(path, kind="track") as values:
        if values.integer("format_version") == TRACK_FORMAT_VERSION:
            return track_of_json(values)
        found = checked_track(values)
    found = _of_this_version(found)
    return HeadTrack(
        **{name: found[name] for name in (*_TRACK_ARRAYS, *_OF_TRACK)},
    )


_PARAMETERS = ("identity", "expression", "joint_rotations", "root_rotation", "root_translation_m")
_LANDMARKS = ("points_px", "sigma_px", "set_name", "score")
_OF_FIT = (
    "camera", "residuals_px", "status", "iterations", "cost_history", "head_name", "head_version", "focal",
    "identity_known", "reason",
)  # fmt: skip
_OF_TRACK = ("camera", "set_name", "head_name", "head_version", "frames_per_second")
_NOT_OURS = "is not a fit or track saved by mien (.npz or .json)"
_A_HEAD = (
    "is a head, not a saved fit or track (.npz or .json): look at it with `mien head info`, fit it with "
    "--head"
)


def _of_this_version(found: dict[str, Any]) -> dict[str, Any]:
    if is_version1(found["head_name"], found["head_version"]):
        return converted_document(found)
    return found


@contextmanager
def _opened_document(path: Path, *, kind: str) -> Iterator[FileValues]:
    """A file's values, of a readable version and the right kind; what goes wrong inside names the file."""
    with ExitStack() as stack:
        stack.enter_context(damage_named(path, _NOT_OURS))
        document: dict[str, Any]
        if path.suffix.lower() == ".npz":
            archive = stack.enter_context(open_npz(path, what=_NOT_OURS))
            if "document" not in archive:
                raise InputError(_A_HEAD if "mean_m" in archive else _NOT_OURS, source=path)
            text = FileValues(archive, source=path).text("document", longest=MAX_TEXT_LENGTH)
            members = {name: archive[name] for name in archive if name != "document"}
            content = parse_json(text, source=path, what=_NOT_OURS)
            document = {**content, **members}
        else:
            document = read_json_object(path, what=_NOT_OURS)
            if document.get("kind") == "fit" or "expression" in document:
                document["expression"] = by_name(document.get("expression"), document.get("expression_names"))
        if document.get("kind") not in ("fit", "track") or type(document.get("format_version")) is not int:
            raise InputError(_NOT_OURS, source=path)
        found = document["kind"], document["format_version"]
        newest = FORMAT_VERSION if found[0] == "fit" else TRACK_FORMAT_VERSION
        if not 1 <= found[1] <= newest:
            raise InputError(
                f"has format version {found[1]}, and this mien reads 1 to {newest}; update mien to read it",
                source=path,
            )
        if found[0] != kind:
            raise InputError(f"holds a {found[0]}, not a {kind}; read it with read_{found[0]}", source=path)
        yield FileValues(document, source=path, remedy="copy or fit it again")


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
