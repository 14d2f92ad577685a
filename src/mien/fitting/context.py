"""What fits and tracks are made with: a head, a landmarker, and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.fitting.config import FitConfig
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.protocols import LandmarkFinder, LandmarkFollower
from mien.landmarks.types import Landmarks2D

StartFinder = Callable[[np.ndarray, Landmarks2D, Head], HeadParameters]
"""A picture, landmarks of a face in it and a head to the parameters that a fit begins with."""


@dataclass(frozen=True, eq=False)
class Context:
    """Whose head is fitted, to whose landmarks, and how. `Context()` is what is used where none is given.

    What is None here is loaded when it is first needed, and kept: pass one context on from picture to
    picture and its networks are loaded once.

    >>> context = mien.Context(landmarker=mien.Landmarker("offline"))
    >>> fits = [mien.fit_photo(path, context=context) for path in paths]

    Attributes:
        head: the morphable head, or the file of one (FLAME, BFM, … as for `mien.load_head`); the built-in one
            when None. A head without landmark sets of its own is given those of the built-in one.
        landmarker: finds faces, and for videos follows them; `mien.Landmarker("realtime")` when None.
        config: settings of the fit.
        start: told a picture, a face's landmarks and the head, says which parameters a fit of a single
            picture begins with, their pose apart (`mien.fitting.lifted_start.LiftedStart`); None: the mean
            head's.
    """

    head: Head | str | Path | None = None
    landmarker: LandmarkFinder | None = None
    config: FitConfig = field(default_factory=FitConfig)
    start: StartFinder | None = None

    @staticmethod
    def of(context: Context | None, head: Head | str | Path | None) -> Context:
        """The context that functions use which take either: that context, with that head.

        Raises:
            InputError: both name a head.
        """
        context = context or Context()
        if head is None:
            return context
        if context.head is not None:
            raise InputError("head= and context.head both name a head; give one of them")
        return replace(context, head=head)

    @cached_property
    def loaded_head(self) -> Head:
        """The head, with landmark sets.

        Raises:
            InputError: the built-in one is missing, the file holds no head, or the built-in head cannot be
                laid over it.
        """
        from mien.heads.fittable import fittable_head

        return fittable_head(self.head)

    @cached_property
    def finder(self) -> LandmarkFinder:
        """What finds faces in a picture.

        Raises:
            InputError: the built-in networks are missing.
        """
        if self.landmarker is not None:
            return self.landmarker
        from mien.landmarks.landmarker import Landmarker

        return Landmarker("realtime")

    @cached_property
    def follower(self) -> LandmarkFollower:
        """What finds faces in a video and follows them. The built-in one takes half-hidden profiles for faces
        too, since in a video what is no face does not last.

        Raises:
            InputError: the built-in networks are missing, or the landmarker cannot follow faces.
        """
        if self.landmarker is None:
            from mien.landmarks.landmarker import FOUND_IN_VIDEO, Landmarker

            return Landmarker("realtime", found=FOUND_IN_VIDEO, settle=False, turned=False)
        if not isinstance(self.landmarker, LandmarkFollower):
            raise InputError(
                "this landmarker cannot follow a face through a video: it has no method "
                "track(image, previous); use mien.Landmarker, or give yours one"
            )
        return self.landmarker
