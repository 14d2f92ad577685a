"""What cannot be exported, and what to do instead."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mien.errors import FitError, InputError, described
from mien.fitting.arkit_weights import ArkitWeights
from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
from mien.fitting.sequence import SequenceFit
from mien.fitting.views import ViewsFit
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from mien.tracking.track_file import SavedTrack

_RESULTS = (HeadFit, HeadTrack, SavedTrack, TrackedFrame, Head)
_ADVICE: tuple[tuple[type, str], ...] = (
    (Landmarks2D, "landmarks are points in a picture, not a head; fit one first: mien.fit_landmarks"),
    (ViewsFit, "it holds a fit per picture; export one of them: mien.export(views.found[0], …)"),
    (
        HeadParameters,
        "parameters alone do not say whose head they are; put them into a fit: "
        "dataclasses.replace(fit, parameters=…)",
    ),
    (
        SequenceFit,
        "it holds parameters per frame; put a frame's into a fit: dataclasses.replace(fit, parameters=…)",
    ),
    (ArkitWeights, "weights alone have no head; export the fit or frame that they came from"),
    (np.ndarray, "an array is no result; to write a picture, use mien.write_image"),
    (type(None), "there is nothing to write; was a face found?"),
)


def check_arguments(result: Any, path: Any, *, origin: str, look: Any) -> None:
    """Complain about arguments of `mien.export` that are something else.

    Raises:
        InputError: they are; the message says what to pass.
    """
    if isinstance(result, str | os.PathLike):
        raise InputError(
            "mien.export(result, path): the result comes first, then the file's name"
            + (" (they are swapped here)" if isinstance(path, _RESULTS) else ""),
            source="export",
        )
    if not isinstance(result, _RESULTS):
        raise InputError(f"cannot write {described(result)}: {_advice(result)}", source="export")
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"path should be a file's name, not {described(path)}", source="export")
    if origin not in ("head", "camera"):
        raise InputError(f'origin should be "head" or "camera", not {origin!r}', source="export")
    if look is not None and not isinstance(look, HeadLook):
        raise InputError(f"look should be a HeadLook, not {described(look)}", source="export")


def check_numbers(result: HeadFit | HeadTrack | SavedTrack) -> None:
    """Complain about a result whose head is not made of numbers.

    Raises:
        FitError: its fit failed, or a parameter of its head or camera is not finite.
    """
    if isinstance(result, SavedTrack):
        return  # `open_track` has looked at what is constant, and each part is looked at as it is read
    if isinstance(result, HeadFit) and result.status in (Status.NOT_FINITE, Status.LOST):
        raise FitError(f"the fit {result.outcome}; it is not exported: look at fit.status.usable first")
    source = result.parameters if isinstance(result, HeadFit) else result
    for name in ("identity", "expression", "joint_rotations", "root_rotation", "root_translation_m"):
        if not np.isfinite(getattr(source, name)).all():
            raise FitError(f"{name} of the head is not finite; it is not exported")
    for name in ("intrinsics", "camera_from_world"):
        if not np.isfinite(getattr(result.camera, name)).all():
            raise FitError(f"the camera's {name} are not finite; it is not exported")
    if isinstance(result, HeadTrack) and not np.isfinite(result.times_s).all():
        raise FitError("times_s of the track is not finite; it is not exported")


def _advice(result: Any) -> str:
    if isinstance(result, list | tuple):
        if not result:
            return "the list is empty: no face was found"
        if all(isinstance(each, _RESULTS) for each in result):
            return (
                "there may be several faces, and a file holds one; export each: "
                "for number, fit in enumerate(fits, 1): mien.export(fit, f'head-{number}.glb')"
            )
        if isinstance(result[0], Landmarks2D):
            result = result[0]
    for kind, advice in _ADVICE:
        if isinstance(result, kind):
            return advice
    return "give a HeadFit, a HeadTrack, a TrackedFrame or a Head"
