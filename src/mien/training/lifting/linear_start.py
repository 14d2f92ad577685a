"""A lifting network's first answers: a ridge regression from what frozen encoders said.

On the features themselves and on the summary, whose random rectified combinations tell what is not linear. It
takes seconds; training then learns the rest.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mien.training.lifting.batches import ViewSamples
from mien.training.lifting.encoders import FrozenEncoder
from mien.training.lifting.network import POSE_VALUES, LiftingNetwork, quiet_answers

PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Ridge penalties over the number of samples; the best on samples left out is taken, for landmarks, rotation
and shift each: what tells people apart is faint and needs a large one, the pose a small one."""
_MOST = 60_000
_AT_ONCE = 512
_LEFT_OUT = 8
"""One of so many latents is left out to choose the penalty."""


@torch.no_grad()
def start_linear(network: LiftingNetwork, samples: ViewSamples) -> dict[str, float]:
    """Set the weights of the paths beside the decoder; returns the penalties that were chosen."""
    encoder = network.encoder
    assert isinstance(encoder, FrozenEncoder)
    network.eval()
    rows = np.linspace(0, len(samples) - 1, min(_MOST, len(samples))).astype(int)
    # sums over the samples that choose the penalty, and over the others
    parts = {False: _Moments(), True: _Moments()}
    for begin in range(0, len(rows), _AT_ONCE):
        batch = samples.batch(rows[begin : begin + _AT_ONCE])
        face = encoder(*batch.inputs)
        # what is not known is answered by the template
        points_m = torch.where(batch.known[..., None] > 0, batch.points_m, network.template_m)
        x = torch.cat([face.inputs, face.summary], 1)
        y = quiet_answers(network, face, points_m, batch.rotation, batch.translation_m)
        chosen = torch.from_numpy(samples.label_rows[rows[begin : begin + _AT_ONCE]] % _LEFT_OUT == 0)
        for left_out, moments in parts.items():
            moments.add(x[chosen == left_out], y[chosen == left_out])
    count = 3 * network.config.landmarks
    kinds = {
        "points": slice(0, count),
        "rotation": slice(count, count + 6),
        "shift": slice(count + 6, count + POSE_VALUES),
    }
    best = dict.fromkeys(kinds, PENALTIES[-1])
    if parts[False].count and parts[True].count:
        tried = [parts[False].ridge(penalty) for penalty in PENALTIES]
        for kind, answers in kinds.items():
            errors = [parts[True].squared_error(*one, answers=answers) for one in tried]
            best[kind] = PENALTIES[int(np.argmin(errors))]
    both = parts[False].plus(parts[True])
    solved = {penalty: both.ridge(penalty) for penalty in set(best.values())}
    weights = torch.cat([solved[best[kind]][0][:, answers] for kind, answers in kinds.items()], 1)
    offset = torch.cat([solved[best[kind]][1][answers] for kind, answers in kinds.items()])
    count, answers = encoder.input_count, weights.shape[1]
    network.linear.weight.copy_(weights[:count].T)
    network.linear.bias.copy_(offset)
    if network.config.summary:
        network.direct.weight.zero_()
        network.direct.weight[:answers] = weights[count:].T
    return best


class _Moments:
    """Sums from which a ridge regression is solved, and its error elsewhere told."""

    def __init__(self) -> None:
        self.count = 0
        self.gram = self.right = self.square = torch.zeros((), dtype=torch.float64)

    def add(self, x: Tensor, y: Tensor) -> None:
        """More samples."""
        x = torch.cat([x, torch.ones_like(x[:, :1])], 1)
        self.count += len(x)
        self.gram = self.gram + (x.T @ x).double()
        self.right = self.right + (x.T @ y).double()
        self.square = self.square + y.double().square().sum(0)

    def plus(self, other: _Moments) -> _Moments:
        """Of both."""
        both = _Moments()
        both.count = self.count + other.count
        both.gram, both.right = self.gram + other.gram, self.right + other.right
        both.square = self.square + other.square
        return both

    def ridge(self, penalty: float) -> tuple[Tensor, Tensor]:
        """Weights and offset; the offset is free."""
        ridge = torch.full((len(self.gram),), penalty * self.count, dtype=torch.float64)
        ridge[-1] = 1e-6 * self.count
        solved = torch.cholesky_solve(self.right, torch.linalg.cholesky(self.gram + torch.diag(ridge)))
        return solved[:-1].float(), solved[-1].float()

    def squared_error(self, weights: Tensor, offset: Tensor, *, answers: slice) -> float:
        """Sum of squares that is left, over some of the answers."""
        w = torch.cat([weights, offset[None]]).double()[:, answers]
        fitted = ((self.gram @ w) * w).sum(0) - 2 * (self.right[:, answers] * w).sum(0)
        return float((fitted + self.square[answers]).sum())
