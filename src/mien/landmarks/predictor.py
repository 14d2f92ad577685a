"""The landmark network: a region of a picture to points with their uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from mien.errors import InputError
from mien.landmarks.crops import Crop, combine
from mien.landmarks.networks import find_network, open_session, read_card, run_network
from mien.landmarks.region import Region
from mien.landmarks.types import Landmarks2D
from mien.reading.file_values import FileValues
from mien.reading.settings import checked_settings

_MOST_AT_ONCE = 4
"""Crops in one run of the network; more do not fit into the processor's caches."""


class LandmarkPredictor:
    """Dense probabilistic landmarks in a region (Wood et al. 2022, §3.1).

    The network's input is (B, 3, S, S) RGB in [0, 1]; its outputs are `points` (B, L, 2) in [-1, 1] of the
    crop, `log_sigma` (B, L) in the same unit, and `presence` (B,), the logit that the crop holds a
    well-framed face.

    The network's card says how it likes to see a region: `looks`, a list of {"scale", "mirrored"}, and
    `sigma_scale`, by which σ has to be multiplied to be honest. Without them there is one look at the region
    as it is. `found_evidence` says what a face must have to be found in a photo.

    Attributes:
        set_name: the landmark set of the points.
        input_size: S, pixels.
        looks: how regions are shown to the network; the first is the one of `glance`.
        found_evidence: least evidence (`Acceptance.evidence`) of a face in a photo; None: the usual.
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
        values = FileValues(self.card.values, source=self.card.path, remedy="export the network again")
        self.card.require("set_name")
        self.card.require("input_size")
        self.set_name = values.text("set_name", longest=100)
        self.input_size = values.integer("input_size", low=8, high=1024)
        self.looks = _looks(self.card.values.get("looks"), self.card.path)
        self.sigma_scale = 1.0
        if "sigma_scale" in values:
            self.sigma_scale = values.number("sigma_scale", low=1e-3, high=1e3)
        self.found_evidence: float | None = None
        if "found_evidence" in values:
            self.found_evidence = values.number("found_evidence", low=-100, high=100)
        self._session = open_session(path, threads=threads)
        self._any_number = not isinstance(self._session.get_inputs()[0].shape[0], int)

    @cached_property
    def _mirror(self) -> np.ndarray:
        from mien.heads.landmark_sets import mirror_indices

        return np.asarray(mirror_indices(self.set_name))

    def __call__(
        self, image: UInt8[np.ndarray, "height width 3"], region: Region, *, both_ways: bool = False
    ) -> Landmarks2D:
        """The landmarks of the face in `region`, in the picture's pixels, from all looks together.

        The score is the probability that the region holds a well-framed face; the points are given
        whatever it says.

        Args:
            both_ways: show each look mirrored too: a picture and its mirror image then get the same points.
        """
        looks = self.looks
        if both_ways:
            looks = tuple(dict.fromkeys((*looks, *(Crop(one.scale, not one.mirrored) for one in looks))))
        seen = self._answers(image, [(region, look) for look in looks])
        if len(seen) == 1:
            return seen[0]
        points_px, sigma_px = combine(
            np.stack([each.points_px for each in seen]), np.stack([each.sigma_px for each in seen])
        )
        return Landmarks2D(points_px, sigma_px, self.set_name, score=seen[0].score)

    def glance(self, image: UInt8[np.ndarray, "height width 3"], region: Region) -> Landmarks2D:
        """The same from the first look alone: enough to tell whether and where a face is."""
        return self.glances(image, [region])[0]

    def glances(
        self, image: UInt8[np.ndarray, "height width 3"], regions: Sequence[Region]
    ) -> list[Landmarks2D]:
        """A glance at each of several regions; several in one run of the network take a fifth less time."""
        return self._answers(image, [(region, self.looks[0]) for region in regions])

    def _answers(self, image: np.ndarray, looks: Sequence[tuple[Region, Crop]]) -> list[Landmarks2D]:
        most = _MOST_AT_ONCE if self._any_number else 1
        found: list[Landmarks2D] = []
        for first in range(0, len(looks), most):
            found += self._run(image, looks[first : first + most])
        return found

    def _run(self, image: np.ndarray, looks: Sequence[tuple[Region, Crop]]) -> list[Landmarks2D]:
        shown = [region.scaled(look.scale) if look.scale != 1 else region for region, look in looks]
        values = np.empty((len(looks), 3, self.input_size, self.input_size), np.float32)
        for row, (region, (_, look)) in enumerate(zip(shown, looks, strict=True)):
            crop = region.crop(image, self.input_size)
            network_input(crop[:, ::-1] if look.mirrored else crop, out=values[row : row + 1])
        points, log_sigma, presence = run_network(
            self._session, ["points", "log_sigma", "presence"], values, source=self.card.path
        )
        count = points.shape[1] if points.ndim == 3 else -1
        wanted = (len(looks), count, 2), (len(looks), count), len(looks)
        if (points.shape, log_sigma.shape, presence.size) != wanted:
            raise InputError(
                f"its network answers with {points.shape} points, {log_sigma.shape} deviations",
                source=self.card.path,
            )
        return [
            self._landmarks(each, look, *answer)
            for each, (_, look), *answer in zip(
                shown, looks, points, log_sigma, presence.reshape(-1), strict=True
            )
        ]

    def _landmarks(
        self, shown: Region, look: Crop, points: np.ndarray, log_sigma: np.ndarray, presence: float
    ) -> Landmarks2D:
        if look.mirrored:
            # -1 and +1 are the crop's outer edges, so mirroring it is a change of sign
            points = points[self._mirror] * np.array([-1.0, 1.0])
            log_sigma = log_sigma[self._mirror]
        return Landmarks2D(
            points_px=shown.network_to_picture(points),
            sigma_px=np.exp(log_sigma) * (self.sigma_scale * shown.side_px / 2),
            set_name=self.set_name,
            score=float(_probability(presence)),
        )


def network_input(
    image: UInt8[np.ndarray, "height width 3"],
    *,
    out: Float32[np.ndarray, "1 3 height width"] | None = None,
) -> Float32[np.ndarray, "1 3 height width"]:
    """A picture as networks want it: one (3, H, W) picture with values in [0, 1].

    Args:
        out: where to write it.
    """
    import cv2

    values = np.empty((1, 3, *image.shape[:2]), np.float32) if out is None else out
    for channel, plane in enumerate(cv2.split(image)):
        values[0, channel] = plane
    values *= np.float32(1 / 255)
    return values


def _looks(entries: object, source: Path) -> tuple[Crop, ...]:
    if entries is None:
        return (Crop(),)
    shaped = isinstance(entries, list) and all(isinstance(each, dict) and "scale" in each for each in entries)
    if not isinstance(entries, list) or not shaped or not 1 <= len(entries) <= 16:
        raise InputError(
            f'"looks" must be a list of {{"scale": 1.0, "mirrored": false}}, not {str(entries)[:60]!r}',
            source=source,
        )
    ranges = {"scale": (0.1, 10.0)}
    return tuple(
        checked_settings(Crop, entry, source=source, what='"looks"', ranges=ranges) for entry in entries
    )


def _probability(logit: float) -> float:
    return 0.5 * (1 + np.tanh(logit / 2))  # the logistic function without overflow
