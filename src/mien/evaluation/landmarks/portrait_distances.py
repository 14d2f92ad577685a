"""Is a person who is photographed from further away placed further away?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.fitting.context import Context
from mien.fitting.photo import fit_photo

_NAME = re.compile(r"(\d+(?:\.\d+)?)cm")


@dataclass(frozen=True)
class DistanceSeries:
    """One person from several distances, nearest first.

    Attributes:
        pictured_m: about how far the camera was.
        fitted_m: distance from the camera to the middle between the fitted eyes; NaN without a fit.
        focal_px: focal lengths that the fit chose.
    """

    pictured_m: tuple[float, ...]
    fitted_m: tuple[float, ...]
    focal_px: tuple[float, ...]

    @property
    def in_order(self) -> bool:
        """Whether every picture from further away is placed further away."""
        return bool(np.all(np.diff(self.fitted_m) > 0))

    @property
    def farthest_over_nearest(self) -> float:
        """Fitted distance of the last over that of the first."""
        return self.fitted_m[-1] / self.fitted_m[0]


def measure_distances(folder: str | Path, *, context: Context | None = None) -> DistanceSeries:
    """Fit the pictures of a folder, named by their distance (`15cm.jpg`), each alone.

    Raises:
        InputError: fewer than two pictures are named so.
    """
    named = {float(match[1]) / 100: path for path in sorted(Path(folder).glob("*"))
             if (match := _NAME.fullmatch(path.stem))}  # fmt: skip
    if len(named) < 2:
        raise InputError("needs two pictures or more, named by their distance as 15cm.jpg", source=folder)
    context = context or Context()
    head = context.loaded_head
    corners = head.landmark_set("ibug68").vertices[[36, 39, 42, 45]]
    distances_m, focal_px = [], []
    for _, path in sorted(named.items()):
        fits = fit_photo(path, max_faces=1, context=context)
        if not fits or not fits[0].status.usable:
            distances_m.append(float("nan"))
            focal_px.append(float("nan"))
            continue
        camera = fits[0].camera
        eyes_m = head.vertices_m(fits[0].parameters)[corners].mean(axis=0)
        distances_m.append(float(np.linalg.norm(camera.camera_from_world[:3] @ np.append(eyes_m, 1.0))))
        focal_px.append(float(camera.intrinsics[0, 0]))
    return DistanceSeries(tuple(sorted(named)), tuple(distances_m), tuple(focal_px))
