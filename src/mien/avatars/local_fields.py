"""Local deformation fields: small networks at landmarks, summed by Gaussian weights (section 3.2)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

FIELDS_OF_PAPER = 34


def encoding_window(frequencies: int, share: float) -> Float[Tensor, " frequencies"]:
    """How much of each frequency is let in (Nerfies, eq. 8; section 3.5): all from a share of 1 on."""
    alpha = share * frequencies
    inside = (alpha - torch.arange(frequencies, dtype=torch.float32)).clamp(0, 1)
    return (1 - torch.cos(math.pi * inside)) / 2


def encode(values: Float[Tensor, "m 3"], window: Float[Tensor, " frequencies"]) -> Float[Tensor, "m encoded"]:
    """Values in [-1, 1] with windowed sines and cosines of π, 2π, 4π … times them: (M, 3 + 6 frequencies)."""
    factors = math.pi * 2.0 ** torch.arange(len(window), device=values.device, dtype=values.dtype)
    angles = values[:, None] * factors[:, None]
    weight = window[:, None].to(values)
    return torch.cat([values, (weight * angles.sin()).flatten(1), (weight * angles.cos()).flatten(1)], dim=1)


class LocalFields(nn.Module):
    """D_l of all landmarks at once: points are grouped by the fields that reach them.

    Args:
        masks: (L, C) which conditions each field sees.
        hidden: width of the two hidden layers.
        reach_m: beyond this from its centre a field has no say; None: it has everywhere (a global field).
        radius_m, cutoff: R and τ of eq. 9.
    """

    def __init__(
        self,
        masks: Bool[Tensor, "fields conditions"],
        *,
        hidden: int,
        frequencies: int,
        radius_m: float,
        cutoff: float,
    ) -> None:
        super().__init__()
        count, conditions = masks.shape
        inputs = 3 + 6 * frequencies
        self.radius_m, self.cutoff, self.everywhere = radius_m, cutoff, count == 1
        self.register_buffer("masks", masks.float())
        spread = 1 / math.sqrt(inputs + conditions)
        self.of_place = nn.Parameter(spread * torch.randn(count, inputs, hidden))
        self.of_condition = nn.Parameter(spread * torch.randn(count, conditions, hidden))
        self.first_bias = nn.Parameter(torch.zeros(count, hidden))
        self.second = nn.Parameter(torch.randn(count, hidden, hidden) / math.sqrt(hidden))
        self.second_bias = nn.Parameter(torch.zeros(count, hidden))
        self.last = nn.Parameter(1e-3 * torch.randn(count, hidden, 3))
        self.last_bias = nn.Parameter(torch.zeros(count, 3))

    masks: Tensor

    @property
    def reach_m(self) -> float:
        """Where eq. 9 is cut off; for a global field the size of a head."""
        return 0.15 if self.everywhere else self.radius_m * math.sqrt(-2 * math.log(self.cutoff))

    def forward(
        self,
        points_m: Float[Tensor, "m 3"],
        frame: Int[Tensor, " m"],
        *,
        centres_m: Float[Tensor, "frames fields 3"],
        conditions: Float[Tensor, "frames conditions"] | Float[Tensor, "frames fields conditions"],
        window: Float[Tensor, " frequencies"],
        centre_motion_m: Float[Tensor, "frames fields 3"],
    ) -> tuple[Float[Tensor, "m 3"], Float[Tensor, "m 3"], Float[Tensor, " m"]]:
        """Σ W · output, Σ W · motion of the centre, Σ W.

        Args:
            frame: row of the other arguments that each point belongs to.
            conditions: expression, code and pose; a row per field where each has its own.
        """
        # torch.cdist-free: (M, L) squared distances in one product, since (M, L, 3) would be slow
        weight = self._weights(points_m, frame, centres_m)
        field, sample = (weight.T > 0).nonzero(as_tuple=True)
        of_pair = weight[sample, field]
        rows = frame.index_select(0, sample)
        flat = rows * centres_m.shape[1] + field
        offset = points_m.index_select(0, sample) - centres_m.flatten(0, 1).index_select(0, flat)
        encoded = encode(offset / self.reach_m, window)
        if conditions.ndim == 2:
            conditions = conditions[:, None].expand(-1, len(self.masks), -1)
        seen = (conditions * self.masks).transpose(0, 1)  # (L, B, C)
        bias = torch.bmm(seen, self.of_condition) + self.first_bias[:, None]  # (L, B, H)
        counts = torch.bincount(field, minlength=len(self.masks))
        ask = self._one_by_one if points_m.device.type == "cpu" else self._all_at_once
        outputs = ask(encoded, field, rows, bias, counts)
        weighted = outputs * of_pair[:, None]
        learned = points_m.new_zeros(points_m.shape).index_add(0, sample, weighted)
        moved = centre_motion_m.flatten(0, 1).index_select(0, flat) * of_pair[:, None]
        centre = points_m.new_zeros(points_m.shape).index_add(0, sample, moved)
        return learned, centre, weight.sum(dim=1)

    def _one_by_one(
        self, encoded: Tensor, field: Tensor, rows: Tensor, bias: Tensor, counts: Tensor
    ) -> Float[Tensor, "pairs 3"]:
        """What fields say of pairs of a point and a field, ordered by field: one network after the other.

        Args:
            rows: the moment of each pair; bias: (L, B, H) of the first layer; counts: (L,) of pairs.
        """
        sizes = counts.tolist()
        pieces = zip(
            encoded.split(sizes), rows.split(sizes), bias.unbind(0), self.of_place.unbind(0),
            self.second.unbind(0), self.second_bias.unbind(0), self.last.unbind(0), self.last_bias.unbind(0),
            strict=True,
        )  # fmt: skip
        outputs = []
        for place, row, own_bias, first, second, second_bias, last, last_bias in pieces:
            hidden = functional.leaky_relu(place @ first + own_bias.index_select(0, row), 0.01)
            hidden = functional.leaky_relu(torch.addmm(second_bias, hidden, second), 0.01)
            outputs.append(torch.addmm(last_bias, hidden, last))
        return torch.cat(outputs)

    def _all_at_once(
        self, encoded: Tensor, field: Tensor, rows: Tensor, bias: Tensor, counts: Tensor
    ) -> Float[Tensor, "pairs 3"]:
        """As `_one_by_one` in few large steps, each field with as many rows as the busiest has: a graphics
        card waits for steps, not for rows."""
        longest = max(1, int(counts.max()))
        place = torch.arange(len(field), device=field.device) - (counts.cumsum(0) - counts)[field]
        slot = field * longest + place
        fields, moments, _ = bias.shape
        padded = encoded.new_zeros(fields * longest, encoded.shape[1]).index_copy(0, slot, encoded)
        hidden = torch.bmm(padded.view(fields, longest, encoded.shape[1]), self.of_place).flatten(0, 1)
        hidden = hidden.index_add(0, slot, bias.flatten(0, 1).index_select(0, field * moments + rows))
        hidden = functional.leaky_relu(hidden.view(fields, longest, bias.shape[2]), 0.01)
        hidden = functional.leaky_relu(torch.baddbmm(self.second_bias[:, None], hidden, self.second), 0.01)
        outputs = torch.baddbmm(self.last_bias[:, None], hidden, self.last)
        return outputs.flatten(0, 1).index_select(0, slot)

    @torch.no_grad()
    def _weights(self, points_m: Tensor, frame: Tensor, centres_m: Tensor) -> Float[Tensor, "m fields"]:
        """W of eq. 9 without s."""
        if self.everywhere:
            return points_m.new_ones(len(points_m), 1)
        if points_m.device.type != "cpu":
            squared = (points_m[:, None] - centres_m.index_select(0, frame)).square().sum(dim=2)
            return (torch.exp(squared / (-2 * self.radius_m**2)) - self.cutoff).clamp_(min=0)
        out = points_m.new_zeros(len(points_m), centres_m.shape[1])
        for row, centres in enumerate(centres_m):
            mine = (frame == row).nonzero()[:, 0]
            squared = torch.cdist(points_m.index_select(0, mine), centres).square_()
            out[mine] = (torch.exp(squared / (-2 * self.radius_m**2)) - self.cutoff).clamp_(min=0)
        return out


def matched_hidden(inputs: int, *, fields: int, hidden: int) -> int:
    """Width of `fields` networks that have as many parameters together as 34 of the width `hidden`."""
    wanted = FIELDS_OF_PAPER / fields * (inputs * hidden + hidden * hidden + 3 * hidden + 2 * hidden + 3)
    # n² + (inputs + 5) n = wanted
    linear = inputs + 5
    return max(1, round((-linear + math.sqrt(linear**2 + 4 * wanted)) / 2))
