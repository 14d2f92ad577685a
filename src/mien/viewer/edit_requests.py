"""What a page may ask for, checked before it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from mien.errors import InputError
from mien.morphable_fields.operations import LandmarkMove
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.viewer.orbit import OrbitView

MOST_MOVES = 16
FARTHEST_MM = 60.0
LARGEST_RADIUS_MM = 120.0
WEIGHTS = (-1.0, 2.0)
PICTURE_SIDES_PX = (32, 512)
_REMEDY = "load the page again"


@dataclass(frozen=True)
class EditRequest:
    """An edit that a page asks for.

    Attributes:
        moves, weights: as `edit_face` takes them.
        commit: False only shows what would come of it.
    """

    moves: tuple[LandmarkMove, ...]
    weights: Mapping[str, float]
    commit: bool

    @staticmethod
    def of_json(content: bytes) -> EditRequest:
        """From a request's body, {"moves": [...], "weights": {...}, "commit": true}; all may be left out.

        Raises:
            InputError: it is something else.
        """
        values = _object(content)
        moves = []
        if "moves" in values:
            given = values.objects("moves", "moves")
            if len(given) > MOST_MOVES:
                raise InputError(f"at most {MOST_MOVES} moves at once", source="moves")
            moves = [_move(FileValues(each, source="move", remedy=_REMEDY)) for each in given]
        weights = {}
        if "weights" in values:
            inner = values.inner("weights")
            names = parse_json(content.decode(), source="edit")["weights"]
            weights = {name: inner.number(name, low=WEIGHTS[0], high=WEIGHTS[1]) for name in names}
        return EditRequest(tuple(moves), weights, values.flag("commit") if "commit" in values else True)


@dataclass(frozen=True)
class RecordRequest:
    """A turntable that a page asks for.

    Attributes:
        what: the field, or the mesh.
    """

    what: Literal["field", "mesh"]

    @staticmethod
    def of_json(content: bytes) -> RecordRequest:
        """From a request's body, {"what": "mesh"}.

        Raises:
            InputError: it is something else.
        """
        what = _object(content).text("what", choices=("field", "mesh"))
        return RecordRequest("field" if what == "field" else "mesh")


def view_of_query(query: str) -> tuple[OrbitView, int]:
    """View and side of a picture from `azimuth=…&elevation=…&distance=…&x=…&y=…&z=…&size=…` (rad, m).

    Raises:
        InputError: one is missing or out of range.
    """
    numbers: dict[str, Any] = {}
    for name, text in parse_qsl(query, max_num_fields=16):
        try:
            numbers[name] = float(text)
        except ValueError as error:
            raise InputError(f"{name} must be a number, not {text[:40]!r}", source="view") from error
    values = FileValues(numbers, source="view", remedy=_REMEDY)
    view = OrbitView(
        azimuth_rad=values.number("azimuth", low=-100, high=100),
        elevation_rad=values.number("elevation", low=-1.58, high=1.58),
        distance_m=values.number("distance", low=0.15, high=10),
        target_m=(
            values.number("x", low=-1, high=1),
            values.number("y", low=-1, high=1),
            values.number("z", low=-1, high=1),
        ),
    )
    return view, values.integer("size", low=PICTURE_SIDES_PX[0], high=PICTURE_SIDES_PX[1])


def _object(content: bytes) -> FileValues:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InputError("is no text", source="request") from error
    document = parse_json(text, source="request")
    if not isinstance(document, dict):
        raise InputError("must be an object {…}", source="request")
    return FileValues(document, source="request", remedy=_REMEDY)


def _move(values: FileValues) -> LandmarkMove:
    by_mm = values.array("by_mm", "3", low=-FARTHEST_MM, high=FARTHEST_MM)
    return LandmarkMove(
        values.text("landmarks", longest=400),
        (float(by_mm[0]), float(by_mm[1]), float(by_mm[2])),
        radius_mm=values.number("radius_mm", low=0, high=LARGEST_RADIUS_MM),
        symmetric=values.flag("symmetric"),
    )
