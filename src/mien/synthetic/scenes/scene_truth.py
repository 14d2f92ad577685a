"""What is true of a photographed synthetic head, read from the `truth.json` beside its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.synthetic.scenes.scene_files import TRUTH_NAME

_REMEDY = "make the scene anew"


@dataclass(frozen=True, eq=False)
class SceneTruth:
    """Landmarks and cameras of a scene.

    Attributes:
        landmarks_m: (68, 3) of the set "ict68", the file's world.
        camera_from_world: (N, 4, 4) of all pictures; intrinsics: (3, 3) of each of them, pixels.
    """

    landmarks_m: Float[np.ndarray, "68 3"]
    camera_from_world: Float[np.ndarray, "views 4 4"]
    intrinsics: Float[np.ndarray, "3 3"]


def read_scene_truth(folder: Path) -> SceneTruth:
    """The truth of a scene's folder.

    Raises:
        InputError: it is missing or damaged.
    """
    values = _opened(folder)
    points = values.inner("landmarks_m")
    # Of heads before 1.2 the 68 points were called "ibug68".
    name = "ict68" if "ict68" in points else "ibug68"
    return SceneTruth(
        points.array(name, "68 3", low=-1e3, high=1e3),
        values.array("camera_from_world", "views 4 4", low=-1e4, high=1e4),
        values.array("intrinsics", "3 3", low=-1e6, high=1e6),
    )


def held_out_views(folder: Path) -> tuple[int, ...]:
    """Which of the pictures of `mien synth scene` are kept to test, evenly spread over all.

    Raises:
        InputError: the folder's truth.json is missing or damaged.
    """
    request = _opened(folder).inner("request")
    tests = request.integer("test_views", high=10_000)
    total = request.integer("views", low=1, high=10_000) + tests
    return tuple(int((k + 0.5) * total / tests) for k in range(tests))


def _opened(folder: Path) -> FileValues:
    path = folder / TRUTH_NAME
    missing = f"is missing; {_REMEDY}"
    return FileValues(read_json_object(path, missing=missing), source=path, remedy=_REMEDY)
