"""The landmark network: a region of a picture to points with their uncertainties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from mien.landmarks.networks import find_network, open_session, read_card
from mien.landmarks.region import Region
from mien.landmarks.types import Landmarks2D


class LandmarkPredictor:
    """Dense probabilistic landmarks in a region (Wood et al. 2022, §3.1).

    The network's input is (B, 3, S, S) RGB in [0, 1]; its outputs are `points` (B, L, 2) in [-1, 1] of the
    crop, `log_sigma` (B, L) in the same unit, and `presence` (B,), the logit that the crop holds a
    well-framed face.

    Attributes:
        set_name: the landmark set of the points.
        input_size: S, pixels.
    """

    def __init__(self, network: str | Path = "realtime", *, threads: int = 1) -> None:
        """
        Args:
            network: name of a shipped network, or the path of an .onnx file with its card beside it.
            threads: threads that one prediction may use.

        Raises:
            InputError: the network or its card is missing or unreadable.
        """
        path = find_network(network)
        self.card = read_card(path)
        self.set_name = str(self.card.require("set_name"))
        self.input_size = int(self.card.require("input_size"))
        self._session = open_session(path, threads=threads)

    def __call__(self, image: UInt8[np.ndarray, "height width 3"], region: Region) -> Landmarks2D:
        """The landmarks of the face in `region`, in the picture's pixels.

        The score is the probability that the region holds a well-framed face; the points are given
        whatever it says.
        """
        outputs = self._session.run(
            ["points", "log_sigma", "presence"], {"image": network_input(region.crop(image, self.input_size))}
        )
        points, log_sigma, presence = (np.asarray(output, float) for output in outputs)
        return Landmarks2D(
            points_px=region.network_to_picture(points[0]),
            sigma_px=np.exp(log_sigma[0]) * (region.side_px / 2),
            set_name=self.set_name,
            score=float(_probability(presence.reshape(-1)[0])),
        )


def network_input(image: UInt8[np.ndarray, "height width 3"]) -> Float32[np.ndarray, "1 3 height width"]:
    """A picture as networks want it: one (3, H, W) picture with values in [0, 1]."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))[None]
    return np.multiply(planes, np.float32(1 / 255), dtype=np.float32)


def _probability(logit: float) -> float:
    return 0.5 * (1 + np.tanh(logit / 2))  # the logistic function without overflow
