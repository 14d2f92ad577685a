"""A track as JSON, for programs that read no .npz: what is constant, then an object for each frame.

It keeps the motion, to a ten-thousandth of a weight, a hundred-thousandth of a radian and a micrometre, and
no landmarks. Lost frames have their time alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from mien.fitting.results import HeadTrack
from mien.fitting.saved_checks import TIMES, checked_constants, checked_motion
from mien.reading.file_values import FileValues
from mien.tracking.track_file import MOTION, SavedTrack

FORMAT_VERSION = 2


def track_json(
    track: HeadTrack | SavedTrack, *, expression_names: tuple[str, ...], mien_version: str
) -> Iterator[str]:
    """The text, some frames at a time: a frame a line."""
    constant = {
        "format_version": FORMAT_VERSION,
        "mien_version": mien_version,
        "kind": "track",
        "head_name": track.head_name,
        "head_version": track.head_version,
        "units": "metres, radians, seconds, pixels; pixel (0, 0) is the centre of the top-left pixel",
        "expression_names": list(expression_names),
        "camera_intrinsics": track.camera.intrinsics.tolist(),
        "camera_from_world": track.camera.camera_from_world.tolist(),
        "width_px": track.camera.width_px,
        "height_px": track.camera.height_px,
        "set_name": track.set_name,
        "frames_per_second": track.frames_per_second,
        "first_frame": track.first_frame,
        "identity": track.identity.tolist(),
    }
    rows = (f"  {json.dumps(name)}: {_strict(value)},\n" for name, value in constant.items())
    yield "{\n" + "".join(rows) + '  "frames": [\n'
    between = ""
    for part in track.parts():
        lines = [_strict(_frame(part, row), separators=(",", ":")) for row in range(len(part))]
        yield between + ",\n".join(f"    {line}" for line in lines)
        between = ",\n"
    yield "\n  ]\n}\n"


def _strict(value: Any, **how: Any) -> str:
    return json.dumps(value, allow_nan=False, **how)


def _frame(part: HeadTrack, row: int) -> dict[str, Any]:
    frame: dict[str, Any] = {"time_s": round(float(part.times_s[row]), 6), "tracked": bool(part.tracked[row])}
    if frame["tracked"]:
        frame["root_rotation"] = np.round(part.root_rotation[row], 5).tolist()
        frame["root_translation_m"] = np.round(part.root_translation_m[row], 6).tolist()
        frame["joint_rotations"] = np.round(part.joint_rotations[row], 5).tolist()
        frame["expression"] = np.round(part.expression[row], 4).tolist()
    return frame


def track_of_json(values: FileValues) -> HeadTrack:
    """The track that `track_json` wrote, without landmarks: each frame has none.

    Raises:
        InputError: something is missing, of another shape, out of range, or not finite.
    """
    found = checked_constants(values)
    names = found.pop("expression_names")
    frames = values.objects("frames", "frames")
    if not frames:
        raise values.damaged("a track has at least one frame")
    seen = [frame for frame in frames if frame.get("tracked") is True]
    rows = FileValues(
        {
            "tracked": [frame.get("tracked") for frame in frames],
            "times_s": [frame.get("time_s") for frame in frames],
            **{name: [frame.get(name) for frame in seen] for name in MOTION},
        },
        source=values.source,
        sizes={"frames": len(frames), "seen": len(seen), "expression": len(names)},
        remedy=values.remedy,
    )
    tracked = rows.array("tracked", "frames", kind="flag")
    # a lost frame repeats the last good one, those before the first the first
    held = np.maximum(np.cumsum(tracked) - 1, 0)
    motion: dict[str, Any] = {
        name: known[held] if len(seen) else np.zeros((len(frames), *known.shape[1:]))
        for name, known in checked_motion(rows, rows="seen").items()
    }
    return HeadTrack(
        **found,
        times_s=rows.array("times_s", "frames", **TIMES),
        tracked=tracked,
        points_px=np.zeros((len(frames), 0, 2)),
        sigma_px=np.zeros((len(frames), 0)),
        frames_per_second=values.number("frames_per_second", low=1e-6, high=1e6),
        first_frame=values.integer("first_frame"),
        **motion,
    )
