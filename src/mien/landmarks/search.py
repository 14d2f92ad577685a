"""Face search: a whole picture to the regions that may hold faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.landmarks.candidates import Candidate, decode, suppress
from mien.landmarks.networks import find_network, open_session, read_card, run_network
from mien.landmarks.predictor import network_input
from mien.landmarks.pyramid import Level, PyramidConfig, levels
from mien.landmarks.worth_a_look import Window, windows_worth_a_look


class FaceSearch:
    """The search network run over a picture's pyramid.

    The network's input is (1, 3, H, W) RGB in [0, 1]; its outputs are `score` (1, 1, H/8, W/8) logits and
    `geometry` (1, 5, H/8, W/8) as `mien.landmarks.candidates.encode` defines them.

    The largest size takes more than half of the time, and serves small faces alone. They show a little in
    the next smaller one already, so it is searched only around such places.
    """

    def __init__(
        self,
        network: str | Path = "search",
        *,
        min_score: float = 0.3,
        pyramid: PyramidConfig | None = None,
        everywhere: bool = False,
        threads: int = 1,
    ) -> None:
        """
        Args:
            network: name of a shipped network, or the path of an .onnx file with its card beside it.
            min_score: probability that a candidate must reach; the landmark network looks at all of them.
            pyramid: which sizes of the picture are searched.
            everywhere: search every size as a whole.
            threads: threads that one run may use.

        Raises:
            InputError: the network or its card is missing or unreadable.
        """
        path = find_network(network)
        self.card = read_card(path)
        self.min_score = min_score
        self.pyramid = pyramid or PyramidConfig()
        self.everywhere = everywhere
        self._session = open_session(path, threads=threads)

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Candidate]:
        """Regions of the picture that may hold a face, best first, one per face."""
        found: list[Candidate] = []
        finest, *others = levels(image, self.pyramid)
        hints = None
        for level in reversed(others):
            hints = self._look(level, Window.whole(level), found)
        windows = [Window.whole(finest)]
        if hints is not None and not self.everywhere:
            windows = windows_worth_a_look(finest, others[0], hints, found)
        for window in windows:
            self._look(finest, window, found)
        return suppress(found)

    def _look(self, level: Level, window: Window, found: list[Candidate]) -> np.ndarray:
        """Look at a part of a level, add to what was `found`, and return the scores (logits)."""
        score, geometry = self._run(window.cut(level.image))
        shown = np.full_like(score, -np.inf)
        shown[window.kept] = score[window.kept]
        for each in decode(shown, geometry, min_score=self.min_score):
            found.append(Candidate(level.to_picture(window.to_level(each.region)), each.score))
        return score

    def _run(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        score, geometry = run_network(
            self._session, ["score", "geometry"], network_input(picture), source=self.card.path
        )
        if score.ndim != 4 or geometry.shape != (1, 5, *score.shape[2:]):
            raise InputError(
                f"its network answers with {score.shape}, {geometry.shape}", source=self.card.path
            )
        return score[0, 0], geometry[0]
