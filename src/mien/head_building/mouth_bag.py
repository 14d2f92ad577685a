"""The inside of the mouth: its rim follows the lips, its floor the jaw, its roof the skull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.jaw import AffineMotion
from mien.head_building.quad_skin import MOUTH_INTERIOR, QuadSkin
from mien.head_building.smooth_field import SmoothField


@dataclass(frozen=True)
class MouthBag:
    """Attributes:
    rim: (R,) where the lips end; inside: (N,) vertices behind it.
    lowness: (N + R,) how much of the jaw's motion each of inside and rim makes.
    field: spreads what the rim does beyond that.
    """

    rim: np.ndarray
    inside: np.ndarray
    lowness: np.ndarray
    field: SmoothField

    def following(self, moved_m: np.ndarray, rest_m: np.ndarray, jaw: AffineMotion) -> np.ndarray:
        """(S, 3) a moved skin with its mouth's inside after lips and jaw.

        Args:
            moved_m: (S, 3) the skin whose lips have moved; rest_m: (S, 3) at rest.
            jaw: displacement of the lower teeth.
        """
        both = np.concatenate([self.inside, self.rim])
        stiff_m = self.lowness[:, None] * jaw.at(rest_m[both])
        result = moved_m.copy()
        result[self.inside] = rest_m[self.inside] + stiff_m[: len(self.inside)]
        rim_m = moved_m[self.rim] - rest_m[self.rim] - stiff_m[len(self.inside) :]
        result[self.field.following] += self.field.spread(rim_m)
        return result


def build_mouth_bag(skin: QuadSkin, on_ict_m: np.ndarray) -> MouthBag:
    """The mouth of a skin that lies on the ICT neutral, (S, 3) metres."""
    rim = skin.lip_rings[0]
    inside = np.flatnonzero(skin.labels == MOUTH_INTERIOR)
    both = np.concatenate([inside, rim])
    level_m = on_ict_m[rim, 1].mean()
    share = np.clip((level_m + 0.004 - on_ict_m[both, 1]) / 0.012, 0, 1)
    # The very back is the throat's, which stays.
    front = np.clip((on_ict_m[both, 2] - on_ict_m[both, 2].min()) / 0.03, 0, 1)
    lowness = share * share * (3 - 2 * share) * front
    allowed = np.zeros(len(on_ict_m), bool)
    allowed[inside] = True
    field = SmoothField(skin.quads, on_ict_m, rim, allowed=allowed, reach_m=0.03)
    return MouthBag(rim, inside, lowness, field)
