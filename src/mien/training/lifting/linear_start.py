"""A lifting network's first answers: a ridge regression from what frozen encoders said.

What is linear in the features is found in seconds; training then learns the rest.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mien.training.lifting.batches import ViewSamples
from mien.training.lifting.encoders import FrozenEncoder
from mien.training.lifting.network import POSE_VALUES, LiftingNetwork, quiet_answers

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Ridge penalties over the number of samples; the best on samples left out is taken."""
_MOST = 16_000
_AT_ONCE = 512
_LEFT_OUT = 8
"""One of so many latents is left out to choose the penalty."""


@torch.no_grad()
def start_linear(network: LiftingNetwork, samples: ViewSamples) -> float:
    """Set the linear path's weights; returns the penalty that was chosen."""
    encoder = network.encoder
    assert isinstance(encoder, FrozenEncoder)
    network.eval()
    rows = np.linspace(0, len(samples) - 1, min(_MOST, len(samples))).astype(int)
    inputs, answers = [], []
    for begin in range(0, len(rows), _AT_ONCE):
        batch = samples.batch(rows[begin : begin + _AT_ONCE])
        face = encoder(*batch.inputs)
        # what is not known is answered by the template
        points_m = torch.where(batch.known[..., None] > 0, batch.points_m, network.template_m)
        inputs.append(face.inputs)
        answers.append(quiet_answers(network, face, points_m, batch.rotation, batch.translation_m))
    x, y = torch.cat(inputs), torch.cat(answers)
    groups = torch.from_numpy(samples.label_rows[rows] % _LEFT_OUT == 0)
    best = PENALTIES[-1]
    if 0 < int(groups.sum()) < len(groups):
        solutions = _ridge(x[~groups], y[~groups], PENALTIES)
        points = slice(0, y.shape[1] - POSE_VALUES)
        errors = [
            float((x[groups] @ weights + offset - y[groups])[:, points].square().mean())
            for weights, offset in solutions
        ]
        best = PENALTIES[int(np.argmin(errors))]
    weights, offset = _ridge(x, y, (best,))[0]
    network.linear.weight.copy_(weights.T)
    network.linear.bias.copy_(offset)
    return best


def _ridge(x: Tensor, y: Tensor, penalties: tuple[float, ...]) -> list[tuple[Tensor, Tensor]]:
    """Weights and offset for each penalty."""
    mean_x, mean_y = x.mean(0), y.mean(0)
    centred = (x - mean_x).double()
    gram, right = centred.T @ centred, centred.T @ (y - mean_y).double()
    found = []
    for penalty in penalties:
        damped = gram + penalty * len(x) * torch.eye(len(gram), dtype=gram.dtype)
        weights = torch.cholesky_solve(right, torch.linalg.cholesky(damped)).float()
        found.append((weights, mean_y - mean_x @ weights))
    return found
