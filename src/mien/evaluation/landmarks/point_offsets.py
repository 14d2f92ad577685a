"""Where 68 predicted points lie beside the labelled ones: by part of the face, across and down.

A mean error does not tell a landmark that follows the face at the wrong place (one that always lies 8 mm
above the brow) from one that follows it badly. Its offset does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.evaluation.landmarks.metrics import IBUG_OUTER_EYE_CORNERS, inter_ocular_px
from mien.heads.landmark_sets import IBUG_GROUPS

EYES = [*IBUG_GROUPS["right_eye"], *IBUG_GROUPS["left_eye"]]
BROWS = [*IBUG_GROUPS["right_brow"], *IBUG_GROUPS["left_brow"]]


@dataclass(frozen=True)
class PointOffsets:
    """Errors and offsets over many faces, shares of the distance of the labels' outer eye corners.

    An offset is the median of predicted minus labelled, with the labelled eyes level: (across to the
    picture's right, down). That of all points of both eyes is subtracted, so that what a data set calls pixel
    (0, 0) does not count.

    Attributes:
        part_errors: mean distance of each part's points; the parts are those of `IBUG_GROUPS`.
        part_offsets: (2,) offset of each part's points taken together.
        point_offsets: (68, 2) offset of each point.
    """

    part_errors: dict[str, float]
    part_offsets: dict[str, Float[np.ndarray, " 2"]]
    point_offsets: Float[np.ndarray, "68 2"]


def measure_offsets(
    predicted_px: Float[np.ndarray, "faces 68 2"], true_px: Float[np.ndarray, "faces 68 2"]
) -> PointOffsets:
    """Compare predictions with labels; NaN everywhere if there is no face.

    Args:
        predicted_px: in iBUG's order; faces that are NaN are left out.
        true_px: the labels.
    """
    known = np.isfinite(predicted_px).all(axis=(1, 2))
    if not known.any():
        nothing = np.full((68, 2), np.nan)
        return PointOffsets(
            dict.fromkeys(IBUG_GROUPS, float("nan")), {part: nothing[0] for part in IBUG_GROUPS}, nothing
        )
    predicted_px, true_px = predicted_px[known], true_px[known]
    right, left = IBUG_OUTER_EYE_CORNERS
    size_px = inter_ocular_px(true_px)[:, None, None]
    across = (true_px[:, None, left] - true_px[:, None, right]) / size_px
    down = np.stack([-across[..., 1], across[..., 0]], axis=-1)
    moved = (predicted_px - true_px) / size_px
    level = np.stack([(moved * across).sum(axis=-1), (moved * down).sum(axis=-1)], axis=-1)
    eyes = np.median(level[:, EYES].reshape(-1, 2), axis=0)
    distances = np.linalg.norm(level, axis=-1)
    return PointOffsets(
        part_errors={part: float(distances[:, list(points)].mean()) for part, points in IBUG_GROUPS.items()},
        part_offsets={
            part: np.median(level[:, list(points)].reshape(-1, 2), axis=0) - eyes
            for part, points in IBUG_GROUPS.items()
        },
        point_offsets=np.median(level, axis=0) - eyes,
    )
