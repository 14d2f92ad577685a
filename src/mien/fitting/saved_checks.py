"""What saved fits and tracks share: whether camera, head and identity in a file can be those of a face."""

from __future__ import annotations

from typing import Any

from mien.camera_files.checks import checked_camera
from mien.cameras import Camera
from mien.heads.from_version1 import NAME as BUILT_IN_NAME
from mien.heads.library import load_head
from mien.reading.file_values import FileValues

MAX_WEIGHT = 1e3
"""Of identity, in standard deviations, and of expressions; fits of nonsense reach 20."""
MAX_ROTATION_RAD = 1e3
MAX_DISTANCE_M = 1e6
MAX_PX = 1e9
MAX_COUNT = 10_000
"""Of expressions, of identity's components and of landmarks."""

WEIGHTS: dict[str, Any] = {"low": -MAX_WEIGHT, "high": MAX_WEIGHT}
TURNS: dict[str, Any] = {"low": -MAX_ROTATION_RAD, "high": MAX_ROTATION_RAD}
PLACES: dict[str, Any] = {"low": -MAX_DISTANCE_M, "high": MAX_DISTANCE_M}
TIMES: dict[str, Any] = {"low": -1e9, "high": 1e9}


def checked_constants(values: FileValues) -> dict[str, Any]:
    """What does not change from frame to frame, by name, with `camera`.

    Raises:
        InputError: something is missing, of another shape, out of range, or not finite.
    """
    head_name, head_version = values.text("head_name"), values.text("head_version")
    names = values.texts("expression_names", "expression")
    _know_head(values, head_name, head_version)
    camera = Camera(
        intrinsics=values.array("camera_intrinsics", "3 3"),
        camera_from_world=values.array("camera_from_world", "4 4"),
        width_px=values.integer("width_px"),
        height_px=values.integer("height_px"),
    )
    found = {
        "camera": checked_camera(camera, source=values.source),
        "head_name": head_name,
        "head_version": head_version,
        "set_name": values.text("set_name"),
        "expression_names": names,
        "identity": values.array("identity", "identity", **WEIGHTS),
    }
    if max(len(names), len(found["identity"])) > MAX_COUNT:
        raise values.damaged(f"it has more than {MAX_COUNT} expressions or components of identity")
    return found


def checked_motion(values: FileValues, *, rows: str) -> dict[str, Any]:
    """Expressions and poses by name.

    Args:
        rows: name of the size that comes before the others, or "".

    Raises:
        InputError: as `checked_constants`.
    """
    return {
        "expression": values.array("expression", f"{rows} expression", **WEIGHTS),
        "joint_rotations": values.array("joint_rotations", f"{rows} 4 3", **TURNS),
        "root_rotation": values.array("root_rotation", f"{rows} 3", **TURNS),
        "root_translation_m": values.array("root_translation_m", f"{rows} 3", **PLACES),
    }


def _know_head(values: FileValues, name: str, version: str) -> None:
    """Demand the sizes of the built-in head where the parameters are its own, or of its first version."""
    if name != BUILT_IN_NAME:
        return
    head = load_head()
    first = version.partition(".")[0]
    if first == head.version.partition(".")[0]:
        values.sizes.update(identity=head.identity_count)
        _demand(values, "expression", head.expression_count)
    elif first == "1":
        values.sizes.update(identity=100)


def _demand(values: FileValues, size: str, expected: int) -> None:
    if values.sizes.get(size, expected) != expected:
        raise values.damaged(f"it has {values.sizes[size]} names of {size}s, and the head has {expected}")
    values.sizes[size] = expected


def check_set(values: FileValues, found: dict[str, Any]) -> None:
    """Demand as many landmarks as the set has, where it is one of the built-in head's.

    Raises:
        InputError: there are others.
    """
    if found["head_name"] != BUILT_IN_NAME:
        return
    known = load_head().landmark_sets.get(found["set_name"])
    if known is not None and values.sizes["landmarks"] != len(known):
        raise values.damaged(
            f"it has {values.sizes['landmarks']} landmarks, and the set {found['set_name']} {len(known)}"
        )
