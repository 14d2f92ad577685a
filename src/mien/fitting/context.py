"""What fits and tracks are made with: a head, a landmarker, and settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from mien.errors import InputError
from mien.fitting.config import FitConfig
from mien.heads.model import Head
from mien.landmarks.protocols import LandmarkFinder, LandmarkFollower


@dataclass(frozen=True, eq=False)
class Context:
    """Whose head is fitted, to whose landmarks, and how. `Context()` is what is used where none is given.

    What is None here is loaded when it is first needed, and kept: pass one context on from picture to
    picture and its networks are loaded once.

    >>> context = mien.Context(landmarker=mien.Landmarker("offline"))
    >>> fits = [mien.fit_photo(path, context=context) for path in paths]

    Attributes:
        head: the morphable head; the built-in one when None.
        landmarker: finds faces, and for videos follows them; `mien.Landmarker("realtime")` when None.
        config: settings of the fit.
    """

    head: Head | None = None
    landmarker: LandmarkFinder | None = None
    config: FitConfig = field(default_factory=FitConfig)

    @cached_property
    def loaded_head(self) -> Head:
        """The head.

        Raises:
            InputError: the built-in one is missing.
        """
        if self.head is not None:
            return self.head
        from mien.heads.library import load_head

        return load_head()

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

            return Landmarker("realtime", found=FOUND_IN_VIDEO)
        if not isinstance(self.landmarker, LandmarkFollower):
            raise InputError(
                "this landmarker cannot follow a face through a video: it has no method "
                "track(image, previous); use mien.Landmarker, or give yours one"
            )
        return self.landmarker
