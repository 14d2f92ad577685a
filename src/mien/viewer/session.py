"""What is edited: a face, its history, and what it is shown with."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.operations import LandmarkMove, edit_face

if TYPE_CHECKING:
    from mien.morphable_fields.models import MorphableModel

LONGEST_HISTORY = 200


@dataclass(frozen=True, eq=False)
class ShownFace:
    """A face as a viewer is given it.

    Attributes:
        face: to begin with.
        name: of where it comes from, for the page.
        cards: (h, w, 4) picture of lashes and brows, or None to leave them out.
        model: what makes fields of it; the shipped one when None.
        skin: (S, S, 3) that is laid on the mesh in place of the face's texture, where that one has brows
            painted on that the cards show better; None for the face's.
    """

    face: MorphableFace
    name: str
    cards: UInt8[np.ndarray, "h w 4"] | None = None
    model: MorphableModel | None = None
    skin: UInt8[np.ndarray, "s s 3"] | None = None

    @property
    def mesh_texture(self) -> UInt8[np.ndarray, "s s 3"]:
        """(S, S, 3) what is laid on the mesh."""
        return self.face.texture if self.skin is None else self.skin


@dataclass(frozen=True, eq=False)
class Moment:
    """The face at one time.

    Attributes:
        face: that is shown.
        revision: another one whenever the face is another one.
        can_undo, can_redo: whether there is something before and after.
    """

    face: MorphableFace
    revision: int
    can_undo: bool
    can_redo: bool


class ViewerSession:
    """A face that is edited, with what was done and undone. Threads may share it.

    Attributes:
        shown: what it began with.
    """

    def __init__(self, shown: ShownFace) -> None:
        self.shown = shown
        self._lock = threading.Lock()
        self._faces, self._at, self._revision = [shown.face], 0, 0

    def now(self) -> Moment:
        """The face as it is."""
        with self._lock:
            return self._moment()

    def tried(self, moves: Sequence[LandmarkMove], weights: Mapping[str, float]) -> MorphableFace:
        """What an edit would make of the face, which stays as it is.

        Raises:
            InputError: as `edit_face`.
        """
        return edit_face(self.now().face, moves, weights=weights)

    def edit(self, moves: Sequence[LandmarkMove], weights: Mapping[str, float]) -> Moment:
        """Do an edit, which can be undone.

        Raises:
            InputError: as `edit_face`.
        """
        with self._lock:
            return self._put(edit_face(self._faces[self._at], moves, weights=weights))

    def rest(self) -> Moment:
        """All weights 0; landmarks stay moved by as much."""
        with self._lock:
            return self._put(self._faces[self._at].neutral())

    def restart(self) -> Moment:
        """The face as it was in the beginning; can be undone."""
        with self._lock:
            return self._put(self.shown.face)

    def undo(self) -> Moment:
        """The face before the last edit.

        Raises:
            InputError: there was none.
        """
        return self._step(-1, "there is nothing to undo")

    def redo(self) -> Moment:
        """The face before the last undo.

        Raises:
            InputError: nothing was undone.
        """
        return self._step(1, "there is nothing to do again")

    def _step(self, by: int, otherwise: str) -> Moment:
        with self._lock:
            if not 0 <= self._at + by < len(self._faces):
                raise InputError(otherwise)
            self._at += by
            self._revision += 1
            return self._moment()

    def _put(self, face: MorphableFace) -> Moment:
        if face is not self._faces[self._at]:
            self._faces = [*self._faces[: self._at + 1], face][-LONGEST_HISTORY:]
            self._at = len(self._faces) - 1
            self._revision += 1
        return self._moment()

    def _moment(self) -> Moment:
        return Moment(
            self._faces[self._at],
            self._revision,
            can_undo=self._at > 0,
            can_redo=self._at + 1 < len(self._faces),
        )
