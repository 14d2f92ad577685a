"""The landmark network: a region of a picture to points with their uncertainties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from mien.errors import InputError
from mien.landmarks.crops import Crop, combine
from mien.landmarks.networks import find_network, open_session, read_card
from mien.landmarks.region import Region
from mien.landmarks.types import Landmarks2D


class LandmarkPredictor:
    """Dense probabilistic landmarks in a region (Wood et al. 2022, §3.1).

    The network's input is (B, 3, S, S) RGB in [0, 1]; its outputs are `points` (B, L, 2) in [-1, 1] of the
    crop, `log_sigma` (B, L) in the same unit, and `presence` (B,), the logit that the crop holds a
    well-framed face.

    The network's card says how it likes to see a region: `looks`, a list of {"scale", "mirrored"}, and
    `sigma_scale`, by which σ has to be multiplied to be honest. Without them there is one look at the region
    as it is.

    Attributes:
        set_name: the landmark set of the points.
        input_size: S, pixels.
        looks: how regions are shown to the network; the first is the one of `glance`.
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
        self.looks = _looks(self.card.values.get("looks"), self.card.path)
        self.sigma_scale = float(self.card.values.get("sigma_scale", 1.0))
        self._mirror: np.ndarray | None = None
        if any(look.mirrored for look in self.looks):
            from mien.heads.landmark_sets import mirror_indices

            self._mirror = np.asarray(mirror_indices(self.set_name))
        self._session = open_session(path, threads=threads)

    def __call__(self, image: UInt8[np.ndarray, "height width 3"], region: Region) -> Landmarks2D:
        """The landmarks of the face in `region`, in the picture's pixels, from all looks together.

        The score is the probability that the region holds a well-framed face; the points are given
        whatever it says.
        """
        seen = [self._look(image, region, look) for look in self.looks]
        if len(seen) == 1:
            return seen[0]
        points_px, sigma_px = combine(
            np.stack([each.points_px for each in seen]), np.stack([each.sigma_px for each in seen])
        )
        return Landmarks2D(points_px, sigma_px, self.set_name, score=seen[0].score)

    def glance(self, image: UInt8[np.ndarray, "height width 3"], region: Region) -> Landmarks2D:
        """The same from the first look alone: enough to tell whether and where a face is."""
        return self._look(image, region, self.looks[0])

    def _look(self, image: np.ndarray, region: Region, look: Crop) -> Landmarks2D:
        shown = region.scaled(look.scale)
        crop = shown.crop(image, self.input_size)
        outputs = self._session.run(
            ["points", "log_sigma", "presence"],
            {"image": network_input(crop[:, ::-1] if look.mirrored else crop)},
        )
        points, log_sigma, presence = (np.asarray(output, float) for output in outputs)
        own_points, own_log_sigma = points[0], log_sigma[0]
        if look.mirrored:
            assert self._mirror is not None
            # -1 and +1 are the crop's outer edges, so mirroring it is a change of sign
            own_points = own_points[self._mirror] * np.array([-1.0, 1.0])
            own_log_sigma = own_log_sigma[self._mirror]
        return Landmarks2D(
            points_px=shown.network_to_picture(own_points),
            sigma_px=np.exp(own_log_sigma) * (self.sigma_scale * shown.side_px / 2),
            set_name=self.set_name,
            score=float(_probability(presence.reshape(-1)[0])),
        )


def network_input(image: UInt8[np.ndarray, "height width 3"]) -> Float32[np.ndarray, "1 3 height width"]:
    """A picture as networks want it: one (3, H, W) picture with values in [0, 1]."""
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))[None]
    return np.multiply(planes, np.float32(1 / 255), dtype=np.float32)


def _looks(entries: object, source: Path) -> tuple[Crop, ...]:
    if entries is None:
        return (Crop(),)
    message = f'"looks" must be a list of {{"scale": 1.0, "mirrored": false}}, not {entries!r}'
    if not isinstance(entries, list) or not entries:
        raise InputError(message, source=source)
    try:
        return tuple(Crop(float(entry["scale"]), bool(entry.get("mirrored", False))) for entry in entries)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(message, source=source) from error


def _probability(logit: float) -> float:
    return 0.5 * (1 + np.tanh(logit / 2))  # the logistic function without overflow
