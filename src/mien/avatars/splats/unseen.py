"""Splats that no frame shows: nothing tells them their colours but those that are shown beside them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from mien.avatars.splats.splat_head import SplatHead
from mien.cameras import Camera

SHOWN_PX = 0.08
"""Pixels that a splat fills in the mean of some frames, from which on it knows its own colour."""
_NEIGHBOURS = 4
_AT_ONCE = 2000


def filled_px(
    head: SplatHead, moments: Iterable[tuple[Float[Tensor, "v 3"], Camera, Float[Tensor, "h w"]]]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """How many pixels each splat fills, less what lies before it, in the mean of some pictures of the head;
    and how many of those that are wanted.

    Args:
        moments: of each picture the vertices of the posed head, the camera, and 1 for wanted pixels.
    """
    total, count = torch.zeros(len(head), 2), 0
    still = torch.zeros(head.config.codes)
    for vertices_m, camera, wanted in moments:
        picture = head(vertices_m, still, camera)
        # A splat's share of a pixel is how much the pixel's colour follows its own
        followed = picture[..., 0].sum() + (wanted * picture[..., 1]).sum()
        [gradient] = torch.autograd.grad(followed, head.color_logits)
        total += gradient[:, :2]
        count += 1
    color = torch.sigmoid(head.color_logits.detach()[:, :2])
    everywhere, where_wanted = (total / (color * (1 - color)).clamp(min=1e-6) / max(1, count)).T
    return everywhere, where_wanted


@torch.no_grad()
def color_like_neighbours(
    head: SplatHead,
    places_m: Float[Tensor, "n 3"],
    *,
    filled: Float[Tensor, " n"],
    surely: Float[Tensor, " n"],
) -> None:
    """Give splats that fill less than `SHOWN_PX` pixels the mean colour of the nearest that fill as many of
    those whose colours are surely the head's."""
    known = torch.nonzero(surely >= SHOWN_PX)[:, 0]
    unknown = torch.nonzero(filled < SHOWN_PX)[:, 0]
    if len(known) < _NEIGHBOURS:
        return
    for some in unknown.split(_AT_ONCE):
        apart_m = torch.cdist(places_m[some], places_m[known])
        nearest = known[apart_m.topk(_NEIGHBOURS, largest=False).indices]
        head.color_logits[some] = head.color_logits[nearest].mean(dim=1)
        head.color_changes[:, some] = 0
