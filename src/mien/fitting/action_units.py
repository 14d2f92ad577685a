"""Intensities of facial action units (FACS) in a fit, a frame or a track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import FitError, InputError, check_type
from mien.fitting.arkit_weights import ArkitWeights
from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
from mien.heads.action_units import ACTION_UNITS, side_intensities
from mien.heads.arkit_names import ARKIT_NAMES
from mien.heads.expression_map import in_arkit_names
from mien.heads.library import load_head
from mien.heads.model import Head


@dataclass(frozen=True, eq=False)
class ActionUnits:
    """Intensities of action units; how they follow from ARKit's weights stands in `mien.heads.action_units`.

    Attributes:
        labels: (A,) "AU1", "AU2", … in FACS's order.
        names: (A,) what FACS calls them.
        left, right: (A,) of a face or (F, A) of a track, in [0, 1], on the subject's left and right. NaN
            where the face was lost, and for units none of whose shapes the head has.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    left: Float[np.ndarray, "*frames units"]
    right: Float[np.ndarray, "*frames units"]

    @property
    def intensity(self) -> Float[np.ndarray, "*frames units"]:
        """(A,) or (F, A): the larger of left and right, as a unit that one side shows is there."""
        return np.fmax(self.left, self.right)

    def named(self) -> dict[str, Float[np.ndarray, "*frames"] | float]:
        """`intensity` by label: a number for a face, (F,) for a track."""
        columns = np.moveaxis(self.intensity, -1, 0)
        return {
            label: float(column) if column.ndim == 0 else column
            for label, column in zip(self.labels, columns, strict=True)
        }


def action_units(
    result: HeadFit | HeadTrack | TrackedFrame | ArkitWeights, *, head: Head | str | Path | None = None
) -> ActionUnits:
    """How strongly a face shows each action unit: an estimate from its geometry, not a coder's judgement.

    >>> units = mien.action_units(mien.track_video("clip.mp4"))
    >>> smile = units.named()["AU12"]                              # (F,)

    Args:
        result: a fit, a frame, a track, or the weights of `mien.arkit_weights`. Weights outside [0, 1] count
            as 0 or 1. A track is worked through at once and needs memory for about 60 numbers a frame.
        head: of the result, or its file; the built-in one when None. Expressions of a head that has not
            ARKit's are converted first (`mien.map_expressions`).

    Raises:
        FitError: the fit failed, or the face was lost on this frame.
        InputError: the result is of another head.
    """
    if isinstance(result, ArkitWeights):
        return _of(result.weights, ARKIT_NAMES)
    check_type(result, (HeadFit, HeadTrack, TrackedFrame), argument="result", call="mien.action_units(fit)")
    model = head if isinstance(head, Head) else load_head(head)
    if not model.takes_parameters_of(result.head_name, result.head_version):
        raise InputError(
            f"the result is of the head {result.head_name} {result.head_version}, not of {model.name} "
            f"{model.version}; pass the right one as head="
        )
    if isinstance(result, HeadTrack):
        expression = np.where(result.tracked[:, None], result.expression, np.nan)
    elif result.parameters is None or not result.status.usable:
        raise FitError("there is no face to tell action units of: the fit failed, or the face was lost")
    else:
        expression = result.parameters.expression
    names, weights = in_arkit_names(model, expression)
    return _of(weights, names)


def _of(weights: np.ndarray, names: tuple[str, ...]) -> ActionUnits:
    left, right = side_intensities(weights, names)
    return ActionUnits(
        tuple(unit.label for unit in ACTION_UNITS), tuple(unit.name for unit in ACTION_UNITS), left, right
    )
