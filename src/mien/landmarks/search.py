"""Face search: a whole picture to the regions that may hold faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.landmarks.candidates import Candidate, decode, suppress
from mien.landmarks.networks import find_network, open_session, read_card, run_network
from mien.landmarks.predictor import network_input
from mien.landmarks.pyramid import PyramidConfig, levels


class FaceSearch:
    """The search network run over a picture's pyramid.

    The network's input is (1, 3, H, W) RGB in [0, 1]; its outputs are `score` (1, 1, H/8, W/8) logits and
    `geometry` (1, 5, H/8, W/8) as `mien.landmarks.candidates.encode` defines them.
    """

    def __init__(
        self,
        network: str | Path = "search",
        *,
        min_score: float = 0.3,
        pyramid: PyramidConfig | None = None,
        threads: int = 1,
    ) -> None:
        """
        Args:
            network: name of a shipped network, or the path of an .onnx file with its card beside it.
            min_score: probability that a candidate must reach; the landmark network looks at all of them.
            pyramid: which sizes of the picture are searched.
            threads: threads that one run may use.

        Raises:
            InputError: the network or its card is missing or unreadable.
        """
        path = find_network(network)
        self.card = read_card(path)
        self.min_score = min_score
        self.pyramid = pyramid or PyramidConfig()
        self._session = open_session(path, threads=threads)

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Candidate]:
        """Regions of the picture that may hold a face, best first, one per face."""
        found: list[Candidate] = []
        for level in levels(image, self.pyramid):
            score, geometry = run_network(
                self._session, ["score", "geometry"], network_input(level.image), source=self.card.path
            )
            if score.ndim != 4 or geometry.shape != (1, 5, *score.shape[2:]):
                raise InputError(
                    f"its network answers with {score.shape}, {geometry.shape}", source=self.card.path
                )
            candidates = decode(score[0, 0], geometry[0], min_score=self.min_score)
            found += [Candidate(level.to_picture(each.region), each.score) for each in candidates]
        return suppress(found)
