"""Followed faces looked for in the next picture already, while heads are fitted to this one."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np

from mien.landmarks.protocols import LandmarkFollower
from mien.landmarks.types import Landmarks2D


class LandmarksAhead:
    """A landmarker that can be asked before its answers are needed; they are the same.

    The landmarker itself is never asked two things at a time.
    """

    def __init__(self, landmarker: LandmarkFollower) -> None:
        self._landmarker = landmarker
        self._pool: ThreadPoolExecutor | None = None
        self._begun: list[tuple[np.ndarray, Landmarks2D, Future[Landmarks2D | None]]] = []

    def begin(self, image: np.ndarray, faces: Iterable[Landmarks2D]) -> None:
        """Look for faces in a picture, in a thread of its own. `settle` comes before anything else is asked
        of the landmarker, but for `track`."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="mien landmarks")
        for face in faces:
            self._begun.append((image, face, self._pool.submit(self._landmarker.track, image, face)))

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        """As of the landmarker; from what was begun, if this was."""
        for picture, face, found in self._begun:
            if picture is image and face is previous:
                return found.result()
        wait([found for _, _, found in self._begun])
        return self._landmarker.track(image, previous)

    def settle(self) -> None:
        """Drop what was begun and not asked for, such as of faces that were lost."""
        unasked = [found for _, _, found in self._begun]
        self._begun = []
        wait([found for found in unasked if not found.cancel()])

    def close(self) -> None:
        """End the thread."""
        self.settle()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
