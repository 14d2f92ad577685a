"""Figures of a read-out on held-out crops: accuracy, honesty of σ, and how much of a person it shows."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.encoded_crops import EncodedCrops

_FRONTAL_RAD = 0.45


@torch.no_grad()
def evaluate(network: nn.Module, crops: EncodedCrops, layout: LandmarkLayout) -> dict[str, dict[str, float]]:
    """Figures by kind of crop: "all", "frontal" and "turned"; see `landmarks.validation.Figures`.

    "slope" and "explained" say how much of what makes a person's face another than the mean face in the same
    expression and place is there in the answer, after a similarity; where the crops say what that is.
    """
    device = next(network.parameters()).device
    features = torch.from_numpy(crops.features).to(device).float()
    answer = network.eval()(torch.from_numpy(crops.points).to(device), features)
    points, sigma = answer.points.cpu().numpy(), answer.log_sigma.exp().cpu().numpy()
    present = crops.presence > 0.5
    said = answer.presence.cpu().numpy() > 0
    yaw = np.abs(np.nan_to_num(crops.yaw_rad))
    parts = {
        "all": present,
        "frontal": present & (yaw < _FRONTAL_RAD),
        "turned": present & (yaw >= _FRONTAL_RAD),
    }
    figures = {}
    for name, chosen in parts.items():
        if not chosen.any():
            continue
        distance = np.linalg.norm(points - crops.labels, axis=-1)[chosen]
        ratio = (distance / sigma[chosen])[:, layout.face]
        figures[name] = {
            "nme_face": float(distance[:, layout.face].mean() / 2),
            "nme_all": float(distance.mean() / 2),
            "within_1_sigma": float((ratio < 1).mean()),
            "within_2_sigma": float((ratio < 2).mean()),
            **_of_the_person(points[chosen], crops.rows(chosen), layout),
        }
    figures["all"]["presence_accuracy"] = float((said == present).mean())
    return figures


def _of_the_person(points: np.ndarray, crops: EncodedCrops, layout: LandmarkLayout) -> dict[str, float]:
    mean = crops.posed_mean[:, layout.face]
    known = np.isfinite(mean).all((1, 2))
    if not known.any():
        return {}
    mean = mean[known]
    truth = _without_similarity(crops.labels[known][:, layout.face], mean)
    shown = _without_similarity(points[known][:, layout.face], mean)
    square = float((truth**2).sum())
    return {
        "slope": float((truth * shown).sum() / square),
        "explained": 1 - float(((truth - shown) ** 2).sum()) / square,
    }


def _without_similarity(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """(N, L, 2) what is left between points, moved by their best similarity, and others."""
    centre = onto.mean(1, keepdims=True)
    a, b = points - points.mean(1, keepdims=True), onto - centre
    square = (a**2).sum((1, 2))
    real = (a * b).sum((1, 2)) / square
    imaginary = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(1) / square
    x = a[..., 0] * real[:, None] - a[..., 1] * imaginary[:, None]
    y = a[..., 0] * imaginary[:, None] + a[..., 1] * real[:, None]
    return np.stack([x, y], -1) - b
