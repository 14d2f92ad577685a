"""The inside of the mouth: its rim follows the lips, its floor the jaw, its roof the skull, and what lies
close below the skin follows that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.close_to_skin import CloseToSkin
from mien.head_building.jaw import AffineMotion
from mien.head_building.quad_skin import MOUTH_INTERIOR, QuadSkin
from mien.head_building.smooth_field import SmoothField

NEAR_M, FAR_M = 0.0045, 0.009
"""How far below the skin the lining is wholly the skin's, and from where on not at all."""


@dataclass(frozen=True)
class MouthBag:
    """Attributes:
    rim: (R,) where the lips end; inside: (N,) vertices behind it.
    lowness: (N + R,) how much of the jaw's motion each of inside and rim makes.
    field: spreads what the rim does beyond that, nowhere more than at the rim: the bag lies close to the
        chin's skin and must not overshoot.
    beside: of the inside, which places of the skin lie over it.
    """

    rim: np.ndarray
    inside: np.ndarray
    lowness: np.ndarray
    field: SmoothField
    beside: CloseToSkin

    def beside_skin(self, skin_m: np.ndarray, reference_m: np.ndarray) -> np.ndarray:
        """(S, 3) a person's skin with the inside of the mouth under it, as it lies under a reference."""
        away_m, result = skin_m - reference_m, skin_m.copy()
        result[self.inside] = reference_m[self.inside] + self.beside.mixed(away_m[self.inside], away_m)
        return result

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
        return self.beside_skin(result, rest_m)


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
    field = SmoothField(skin.quads, on_ict_m, rim, allowed=allowed, reach_m=0.03, order=1)
    beside = CloseToSkin.of(on_ict_m[inside], skin, on_ict_m, near_m=NEAR_M, far_m=FAR_M)
    return MouthBag(rim, inside, lowness, field, beside)
