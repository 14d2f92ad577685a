"""Facial action units (FACS) as combinations of ARKit's shapes.

Numbers and names are those of the Facial Action Coding System (Ekman, Friesen and Hager 2002). Which shape is
which unit follows from what Apple says that each shape moves (ARFaceAnchor.BlendShapeLocation in ARKit's
documentation); Ozel's "ARKit to FACS Cheat Sheet" (melindaozel.com/arkit-to-facs-cheat-sheet) discusses what
is easily confused. Most units are one shape, or a left and a right one. ARKit has no shape of their own for
the units that are not `exact`: the combinations that stand for them here are mien's. Left out are units 8,
11, 13 and 21, for which ARKit has nothing near enough, and those of head and eyes (51 to 66), which a fit has
as rotations.

**From units to weights**, a shape takes the largest of what the units ask for: intensity times the shape's
share. **From weights to units**, the intensity of a unit on one side is the factor by which its combination
comes nearest to the weights of its shapes, within [0, 1]:

    intensity = clip(Σ shareₛ weightₛ / Σ shareₛ², 0, 1)

So a unit of one shape has that shape's weight. Two things are added: a shape that works `against` a unit
counts down (lips that close over an open jaw do not part), and a unit that `begins` where another ends (27
after 26) counts from there, so that its intensity is (factor − begins) / (1 − begins).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from mien.checked_calls import checked_call
from mien.errors import InputError

SIDES = ("Left", "Right")


@dataclass(frozen=True)
class ActionUnit:
    """One unit.

    Attributes:
        number: in FACS.
        name: in FACS.
        shares: what each of ARKit's shapes has at full intensity. `*` in a name stands for Left or Right, the
            side of the face; names without it are of both sides.
        exact: whether a shape of ARKit's is this unit; otherwise the combination is the nearest there is.
        against: shapes of both sides that undo it, as `shares`.
        begins: share of the combination from which the unit is there.
        one_way: whether a face can show it on one side only, the one that it moves to.
    """

    number: int
    name: str
    shares: Mapping[str, float]
    exact: bool = True
    against: Mapping[str, float] = field(default_factory=dict)
    begins: float = 0.0
    one_way: bool = False

    @property
    def label(self) -> str:
        """For example "AU12"."""
        return f"AU{self.number}"

    def of_side(self, side: str) -> dict[str, float]:
        """Shares by ARKit's own names for one side, "Left" or "Right"."""
        return {name.replace("*", side): share for name, share in self.shares.items()}

    def intensity(
        self, weights: Mapping[str, Float[np.ndarray, "*frames"]], side: str
    ) -> Float[np.ndarray, "*frames"] | None:
        """In [0, 1]; None when there is none of its shapes.

        Args:
            weights: by ARKit's names, all of one shape.
            side: "Left" or "Right".
        """
        shares = {name: share for name, share in self.of_side(side).items() if name in weights}
        if not shares:
            return None
        factor = np.zeros(())
        for name, share in shares.items():
            factor = factor + share * weights[name]
        for name, share in self.against.items():
            factor = factor - share * weights.get(name, 0.0)
        factor = factor / sum(share**2 for share in shares.values())
        return np.asarray(np.clip((factor - self.begins) / (1 - self.begins), 0, 1))


ACTION_UNITS: tuple[ActionUnit, ...] = (
    ActionUnit(1, "inner brow raiser", {"browInnerUp": 1}),
    ActionUnit(2, "outer brow raiser", {"browOuterUp*": 1}),
    ActionUnit(4, "brow lowerer", {"browDown*": 1}),
    ActionUnit(5, "upper lid raiser", {"eyeWide*": 1}),
    ActionUnit(6, "cheek raiser", {"cheekSquint*": 1}),
    ActionUnit(7, "lid tightener", {"eyeSquint*": 1}),
    ActionUnit(9, "nose wrinkler", {"noseSneer*": 1}),
    ActionUnit(10, "upper lip raiser", {"mouthUpperUp*": 1}),
    ActionUnit(12, "lip corner puller", {"mouthSmile*": 1}),
    ActionUnit(14, "dimpler", {"mouthDimple*": 1}),
    ActionUnit(15, "lip corner depressor", {"mouthFrown*": 1}),
    ActionUnit(16, "lower lip depressor", {"mouthLowerDown*": 1}),
    ActionUnit(17, "chin raiser", {"mouthShrugLower": 1, "mouthShrugUpper": 0.5}, exact=False),
    ActionUnit(18, "lip pucker", {"mouthPucker": 1}),
    ActionUnit(19, "tongue show", {"tongueOut": 1}),
    ActionUnit(20, "lip stretcher", {"mouthStretch*": 1}),
    ActionUnit(22, "lip funneler", {"mouthFunnel": 1}),
    ActionUnit(
        23, "lip tightener", {"mouthPress*": 0.5, "mouthRollLower": 0.3, "mouthRollUpper": 0.3}, exact=False
    ),
    ActionUnit(24, "lip pressor", {"mouthPress*": 1}),
    ActionUnit(
        25,
        "lips part",
        {"jawOpen": 0.2, "mouthLowerDown*": 0.3, "mouthUpperUp*": 0.15},
        exact=False,
        against={"mouthClose": 0.2},
    ),
    ActionUnit(26, "jaw drop", {"jawOpen": 0.5}),
    ActionUnit(27, "mouth stretch", {"jawOpen": 1}, begins=0.5),
    ActionUnit(28, "lip suck", {"mouthRollLower": 1, "mouthRollUpper": 1}),
    ActionUnit(29, "jaw thrust", {"jawForward": 1}),
    ActionUnit(30, "jaw sideways", {"jaw*": 1}, one_way=True),
    ActionUnit(34, "puff", {"cheekPuff": 1}),
    ActionUnit(43, "eyes closed", {"eyeBlink*": 1}),
    ActionUnit(45, "blink", {"eyeBlink*": 1}),
)
"""In FACS's order. 45 is a 43 that passes, which one moment does not tell: both have the lids' weight."""

_BY_NUMBER = {unit.number: unit for unit in ACTION_UNITS}


@checked_call
def action_unit_weights(intensities: Mapping[int | str, float | tuple[float, float]]) -> dict[str, float]:
    """ARKit weights of a face that shows some action units.

    >>> mien.action_unit_weights({"AU6": 0.4, "AU12": (1.0, 0.3)})      # a smile, stronger on the left
    {'cheekSquintLeft': 0.4, 'cheekSquintRight': 0.4, 'mouthSmileLeft': 1.0, 'mouthSmileRight': 0.3}

    Args:
        intensities: in [0, 1] by number (12) or label ("AU12"); a pair is the subject's left and right. What
            both sides share takes the larger of a pair.

    Returns:
        Weights above 0 by ARKit's names.

    Raises:
        InputError: an unknown unit, an intensity outside [0, 1], or both sides of a unit that goes one way.
    """
    weights: dict[str, float] = {}
    for key, value in intensities.items():
        unit = _unit(key)
        pair = value if isinstance(value, tuple) else (value, value)
        if unit.one_way and min(pair) > 0:
            raise InputError(
                f"{unit.label} ({unit.name}) goes one way: give a pair, left and right, with a 0"
            )
        for side, intensity in zip(SIDES, pair, strict=True):
            if not 0 <= intensity <= 1:
                raise InputError(f"the intensity of {unit.label} must lie in [0, 1], not {intensity}")
            factor = unit.begins + intensity * (1 - unit.begins) if intensity > 0 else 0.0
            for name, share in unit.of_side(side).items():
                weights[name] = max(weights.get(name, 0.0), share * factor)
    return {name: weight for name, weight in weights.items() if weight > 0}


def _unit(key: int | str) -> ActionUnit:
    text = str(key).upper().removeprefix("AU")
    if not text.isdigit() or int(text) not in _BY_NUMBER:
        known = ", ".join(unit.label for unit in ACTION_UNITS)
        raise InputError(f"there is no action unit {key!r} among {known}")
    return _BY_NUMBER[int(text)]


def side_intensities(
    weights: Float[np.ndarray, "*frames shapes"], names: Sequence[str]
) -> Float[np.ndarray, "sides *frames units"]:
    """(2, …, A) intensities of `ACTION_UNITS` on the subject's left and right; NaN where no shape tells.

    Args:
        weights: (E,) or (F, E) in [0, 1].
        names: (E,) ARKit's names of these; others are passed over.
    """
    by_name = {name: np.asarray(weights[..., index]) for index, name in enumerate(names)}
    unknown = np.full(weights.shape[:-1], np.nan)
    sides = []
    for side in SIDES:
        found = (unit.intensity(by_name, side) for unit in ACTION_UNITS)
        sides.append(np.stack([unknown if each is None else each for each in found], axis=-1))
    return np.stack(sides)
