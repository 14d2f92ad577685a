"""Figures of a lifting network on held-out latents."""

from __future__ import annotations

import numpy as np
import torch

from mien.training.lifting.batches import ViewSamples
from mien.training.lifting.network import LiftingNetwork
from mien.training.lifting.rotation6d import geodesic_rad

_AT_ONCE = 128
_MOST = 1500


@torch.no_grad()
def evaluate(network: LiftingNetwork, samples: ViewSamples) -> dict[str, dict[str, float]]:
    """Figures against the pseudo-labels, which are told as offsets from the template.

    "error_mm": mean distance in the head's own frame, and "template_mm" that of the template; "explained":
    share of the squared displacement from the template that is there; "nme": mean distance of the 2.5D
    landmarks over the root of their box's area; "rotation_deg": geodesic.
    """
    network = network.eval()
    template = network.template_m.numpy()
    rows = np.linspace(0, len(samples) - 1, min(_MOST, len(samples))).astype(int)
    left, whole, error, usual, nme, turn = 0.0, 0.0, [], [], [], []
    for begin in range(0, len(rows), _AT_ONCE):
        batch = samples.batch(rows[begin : begin + _AT_ONCE])
        output = network(*batch.inputs)
        known = batch.known.numpy() > 0
        true_m, said_m = batch.points_m.numpy(), output.points_m.numpy()
        away, shift = said_m - true_m, template - true_m
        left += float((away[known] ** 2).sum())
        whole += float((shift[known] ** 2).sum())
        error.append(1000 * np.linalg.norm(away[known], axis=1))
        usual.append(1000 * np.linalg.norm(shift[known], axis=1))
        from mien.training.lifting.network import project

        points = project(batch.points_m, batch.rotation, batch.translation_m, focal=network.config.focal)
        distance = (output.points - points).norm(dim=2).numpy()
        size = points.amax(1) - points.amin(1)
        nme.append((distance / size.prod(1).sqrt().numpy()[:, None])[known])
        turn.append(np.degrees(geodesic_rad(output.rotation, batch.rotation).numpy()))
    return {
        "held_out": {
            "error_mm": float(np.concatenate(error).mean()),
            "template_mm": float(np.concatenate(usual).mean()),
            "explained": 1 - left / whole,
            "nme": float(np.concatenate(nme).mean()),
            "rotation_deg": float(np.concatenate(turn).mean()),
        }
    }
