"""A track as JSON, for programs that read no .npz: what is constant, then an object for each frame.

It keeps the motion, to a ten-thousandth of a weight, a hundred-thousandth of a radian and a micrometre, and no
landmarks. Lost frames have their time alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.results import HeadTrack
from mien.tracking.track_file import SavedTrack

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


def track_of_json(document: dict[str, Any], *, source: Any) -> HeadTrack:
    """The track that `track_json` wrote, without landmarks: each frame has none.

    Raises:
        InputError: something is missing, or has another shape, or is not finite.
    """
    try:
        frames = document["frames"]
        count = len(document["expression_names"])
        shapes = {
            "expression": (count,),
            "joint_rotations": (4, 3),
            "root_rotation": (3,),
            "root_translation_m": (3,),
        }
        tracked = np.array([frame["tracked"] is True for frame in frames])
        seen = [frame for frame in frames if frame["tracked"] is True]
        rows = {
            name: np.array([frame[name] for frame in seen], float).reshape(len(seen), *shape)
            for name, shape in shapes.items()
        }
        # a lost frame repeats the last good one, those before the first the first
        held = np.maximum(np.cumsum(tracked) - 1, 0)
        rows = {
            name: values[held] if len(seen) else np.zeros((len(frames), *shapes[name]))
            for name, values in rows.items()
        }
        track = HeadTrack(
            times_s=np.array([frame["time_s"] for frame in frames], float),
            identity=np.array(document["identity"], float).reshape(-1),
            tracked=tracked,
            camera=Camera(
                intrinsics=np.array(document["camera_intrinsics"], float).reshape(3, 3),
                camera_from_world=np.array(document["camera_from_world"], float).reshape(4, 4),
                width_px=int(document["width_px"]),
                height_px=int(document["height_px"]),
            ),
            points_px=np.zeros((len(frames), 0, 2)),
            sigma_px=np.zeros((len(frames), 0)),
            set_name=str(document["set_name"]),
            head_name=str(document["head_name"]),
            head_version=str(document["head_version"]),
            frames_per_second=float(document["frames_per_second"]),
            first_frame=int(document["first_frame"]),
            **rows,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"is a damaged track ({error}); track the video again", source=source) from error
    numbers = (*rows.values(), track.times_s, track.identity, track.camera.intrinsics,
               track.camera.camera_from_world, track.frames_per_second)  # fmt: skip
    if not len(frames) or not all(np.isfinite(value).all() for value in numbers):
        raise InputError("is a damaged track (no frames, or numbers that are not finite)", source=source)
    return track
