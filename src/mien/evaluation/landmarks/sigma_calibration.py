"""How much a network's σ must be scaled to be honest on held-out faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.evaluation.landmarks.synthetic_faces import HONEST_1_SIGMA, HONEST_2_SIGMA, ExactFace, measure
from mien.landmarks.landmarker import Landmarker

SIZES_PX = (50.0, 100.0)


def sigma_scale(network: str | Path, faces: list[ExactFace]) -> float:
    """The factor on σ with which the shares of points within 1σ and 2σ are a circular Gaussian's.

    One factor cannot make both shares right: it is the geometric mean of the two that would. The network is
    used with the looks of its card.

    Args:
        network: the .onnx file with its card.
        faces: held-out ones; shown at two sizes.
    """
    landmarker = Landmarker(network)
    measured = [face for size_px in SIZES_PX for face in measure(faces, landmarker, size_px=size_px)]
    ratios = np.concatenate([face.ratios for face in measured])
    within_1, within_2 = np.quantile(ratios, [HONEST_1_SIGMA, HONEST_2_SIGMA])
    return float(landmarker.predictor.sigma_scale * np.sqrt(within_1 * within_2 / 2))
