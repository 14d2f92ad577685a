"""A person's face at rest as the zero of their expression weights.

A resting face is not every head's neutral one: brows hang, mouths turn down, lids differ from side to side.
A fit tells such habits as weights. Taken off, a weight says what a person does with their face, which is
what drives somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.checked_calls import checked_call
from mien.errors import FitError, InputError
from mien.fitting.arkit_weights import ArkitWeights
from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
from mien.heads.arkit_names import ARKIT_NAMES, close_below_jaw
from mien.heads.gaze import LOOKS
from mien.heads.model import Head

Measured = TypeVar("Measured", HeadFit, TrackedFrame, HeadTrack, ArkitWeights)

CALM_SHARE = 0.25
"""Share of a video's frames, those with least expression, that count as a face at rest."""

_LOOKS = frozenset(name for name, *_ in LOOKS)
_BLINKS = frozenset({"eyeBlinkLeft", "eyeBlinkRight"})
_OPPOSITES = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
"""Shapes that undo each other: what is taken off one beyond its own weight counts for the other."""


@runtime_checkable
class TrackInParts(Protocol):
    """A track that is read in parts: `HeadTrack`, or `SavedTrack` of any length."""

    @property
    def head_name(self) -> str:
        """Of the head that was followed."""
        ...

    def parts(self, rows: int = 256) -> Iterator[HeadTrack]:
        """Consecutive pieces."""
        ...


@dataclass(frozen=True, eq=False)
class NeutralBaseline:
    """Weights that a person has at rest.

    >>> rest = mien.NeutralBaseline.of_fits(mien.fit_photo("rest.jpg")[:1])
    >>> fit = rest.taken_off(mien.fit_photo("smile.jpg")[0])

    Where the eyes look is no habit of a face: the eyeLook shapes are left as they are.

    Attributes:
        weights: (E,) in [0, 1], in the order of `expression_names`; 0 for the eyeLook shapes.
        expression_names: the head's.
        head_name: of the head that they belong to.
    """

    weights: Float[np.ndarray, " expression"]
    expression_names: tuple[str, ...]
    head_name: str

    @staticmethod
    @checked_call
    def of_fits(fits: Sequence[HeadFit | TrackedFrame], *, head: Head | None = None) -> NeutralBaseline:
        """The baseline of a person who is at rest in one picture or several: each weight's median.

        Args:
            fits: of one person; failed ones are left out.
            head: of the fits; the built-in one when None.

        Raises:
            FitError: there is no usable fit among them.
            InputError: they are of another head.
        """
        usable = [fit for fit in fits if fit.parameters is not None and fit.status.usable]
        if not usable:
            raise FitError("there is no usable fit of a face at rest; take a clear picture from the front")
        rows = [fit.parameters.expression for fit in usable if fit.parameters is not None]
        return _baseline(np.stack(rows), usable[0].head_name, head)

    @staticmethod
    @checked_call
    def of_track(track: TrackInParts, *, head: Head | None = None) -> NeutralBaseline:
        """The baseline of a person in a video: each weight's median over the quarter of the frames on which
        the face shows least expression (blinks and looks do not count as one).

        It takes for rest what a person does on all of these: somebody who smiles throughout has no other
        face to be compared with. Give a picture at rest then.

        Args:
            track: of the person, in memory or saved.
            head: of the track; the built-in one when None.

        Raises:
            FitError: the track shows no face.
            InputError: it is of another head.
        """
        rows = np.concatenate([part.expression[part.tracked] for part in track.parts()])
        if not len(rows):
            raise FitError("the track shows no face on any frame, so there is none at rest")
        names = _head_of(track.head_name, head).expression_names
        counted = np.array([name not in _LOOKS | _BLINKS for name in names])
        strength = (np.clip(rows[:, counted], 0, 1) ** 2).sum(axis=1)
        calm = np.argsort(strength, kind="stable")[: max(1, round(CALM_SHARE * len(rows)))]
        return _baseline(rows[calm], track.head_name, head)

    @checked_call
    def taken_off(self, result: Measured) -> Measured:
        """The same face or track with weights above the person's rest, within [0, 1].

        What was fitted beside the weights stays: pose, person, landmarks, residuals. `mien.arkit_weights` are
        solved for anew from the landmarks: ask for them of the fit as it was, and take the rest off these.

        Raises:
            FitError: the fit failed, or the face was lost on this frame.
            InputError: it belongs to another head.
        """
        if isinstance(result, ArkitWeights):
            place = {name: index for index, name in enumerate(self.expression_names)}
            weights = np.array([self.weights[place[name]] if name in place else 0.0 for name in ARKIT_NAMES])
            return replace(result, weights=_above(result.weights, weights, ARKIT_NAMES))
        if result.head_name != self.head_name:
            raise InputError(
                f"the face at rest is of the head {self.head_name!r}, this result of {result.head_name!r}; "
                "fit both with one head"
            )
        if isinstance(result, HeadTrack):
            return replace(result, expression=self._above(result.expression))
        if result.parameters is None or not result.status.usable:
            raise FitError("there is no face to take the rest off: the fit failed, or the face was lost")
        expression = self._above(result.parameters.expression)
        return replace(result, parameters=replace(result.parameters, expression=expression))

    def head_at_rest(self, head: Head, identity: Float[np.ndarray, " identity"]) -> Head:
        """A head whose mean shape has the person's resting face in it: with weights that are `taken_off` it
        shows the face as it was fitted, where no weight went below 0.

        Args:
            head: of the fit.
            identity: of the person, on whom some shapes depend.

        Raises:
            InputError: it is another head.
        """
        if head.name != self.head_name or head.expression_names != self.expression_names:
            raise InputError(f"the face at rest is of the head {self.head_name!r}, not of {head.name!r}")
        mean_m = head.mean_m + np.tensordot(self.weights, head.expression_basis_m, axes=1)
        for personal in head.personal_shapes:
            if self.weights[personal.shape]:
                change_m = personal.change_m(np.asarray(identity, float))
                mean_m[personal.vertices] += self.weights[personal.shape] * change_m
        return replace(head, mean_m=mean_m)

    def named(self) -> dict[str, float]:
        """Weights by name."""
        return dict(zip(self.expression_names, self.weights.tolist(), strict=True))

    def _above(self, expression: np.ndarray) -> np.ndarray:
        return _above(expression, self.weights, self.expression_names)


def _head_of(name: str, head: Head | None) -> Head:
    from mien.heads.fittable import fittable_head

    model = fittable_head(head)
    if model.name != name:
        raise InputError(f"it is of the head {name!r}, not of {model.name!r}; pass head=…")
    return model


def _baseline(rows: Float[np.ndarray, "n expression"], head_name: str, head: Head | None) -> NeutralBaseline:
    model = _head_of(head_name, head)
    weights = np.clip(np.median(rows, axis=0), 0.0, 1.0)
    weights[[name in _LOOKS for name in model.expression_names]] = 0.0
    return NeutralBaseline(weights, model.expression_names, model.name)


def _above(expression: np.ndarray, rest: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """(…, E) weights less those at rest, in [0, 1]; those that rest says nothing of are as they were."""
    found = np.where(rest > 0, np.clip(expression - rest, 0.0, 1.0), expression)
    # What is less than at rest is a movement the other way.
    below = np.clip(rest - np.maximum(expression, 0.0), 0.0, None)
    place = {name: index for index, name in enumerate(names)}
    for pair in _OPPOSITES:
        if set(pair) <= set(place):
            for one, other in (pair, pair[::-1]):
                moved = below[..., place[one]]
                found[..., place[other]] = np.where(
                    moved > 0, np.minimum(found[..., place[other]] + moved, 1.0), found[..., place[other]]
                )
    pair = close_below_jaw(names)
    if pair is not None and rest[list(pair)].any():
        close, jaw = pair
        found[..., close] = np.minimum(found[..., close], np.maximum(found[..., jaw], 0.0))
    return found
