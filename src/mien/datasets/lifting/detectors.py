"""2D detectors of landmarks: ours, or any function of a picture."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from mien.errors import InputError, ShapeError
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D

_LEAST_SCORE, _LARGEST_SIGMA, _SMALLEST = 0.5, 0.12, 0.65
"""A face that a network found is believed with this score, with a median σ below this share of its radius,
and with a radius of at least this share of a mean face's: hair and masks may hide it from some sides."""

PictureDetector = Callable[[np.ndarray], np.ndarray | None]
"""An (H, W, 3) RGB picture to (L, 2) pixels, NaN for what it does not see; None without a face."""


@dataclass(frozen=True)
class Detected:
    """2D landmarks of one picture.

    Attributes:
        points_px: (L, 2); NaN: not seen.
        sigma_px: (L,) standard deviations.
    """

    points_px: Float[np.ndarray, "landmarks 2"]
    sigma_px: Float[np.ndarray, " landmarks"]


@runtime_checkable
class Detector(Protocol):
    """Finds the landmarks of the face that a generator shows.

    Attributes:
        set_name: of the landmarks.
    """

    set_name: str

    def __call__(
        self, picture: UInt8[np.ndarray, "h w 3"], around_px: Float[np.ndarray, "points 2"]
    ) -> Detected | None:
        """The landmarks, or None.

        Args:
            around_px: where the 98 points of a mean face in the generator's frame would be.
        """
        ...


class NetworkDetector:
    """A landmark network, started where a mean face would be and refined by its own points."""

    def __init__(self, network: str, *, set_name: str = "wflw98", looks_once: bool = True) -> None:
        """
        Args:
            network: a shipped one's name, or the path of an .onnx file.
            looks_once: take the network's first look alone: several times as fast.
        """
        self._predictor, self.set_name, self._once = LandmarkPredictor(network), set_name, looks_once

    def __call__(
        self, picture: UInt8[np.ndarray, "h w 3"], around_px: Float[np.ndarray, "points 2"]
    ) -> Detected | None:
        if not np.isfinite(around_px).all():
            return None
        expected_px = Landmarks2D(around_px, np.zeros(len(around_px)), "wflw98").radius_px
        found = self._look(picture, around_px, "wflw98")
        for _ in range(2):
            sure = np.median(found.sigma_px) < _LARGEST_SIGMA * found.radius_px
            if found.score < _LEAST_SCORE or not sure or found.radius_px < _SMALLEST * expected_px:
                return None
            found = self._look(picture, found.points_px, found.set_name)
        found = found.to(self.set_name)
        return Detected(np.asarray(found.points_px, float), np.asarray(found.sigma_px, float))

    def _look(self, picture: np.ndarray, points_px: np.ndarray, set_name: str) -> Landmarks2D:
        region = region_from_points(points_px, set_name)
        return self._predictor.glance(picture, region) if self._once else self._predictor(picture, region)


class FunctionDetector:
    """A user's own: a function of a picture, for a landmark set of any kind."""

    def __init__(self, function: PictureDetector, *, set_name: str, sigma_px: float = 1.0) -> None:
        self._function, self.set_name, self._sigma_px = function, set_name, sigma_px

    def __call__(
        self, picture: UInt8[np.ndarray, "h w 3"], around_px: Float[np.ndarray, "points 2"]
    ) -> Detected | None:
        found = self._function(picture)
        if found is None:
            return None
        points_px = np.asarray(found, float)
        if points_px.ndim != 2 or points_px.shape[1] != 2:
            raise ShapeError("a detector's answer", expected="(landmarks, 2) pixels", actual=points_px.shape)
        return Detected(points_px, np.full(len(points_px), self._sigma_px))


def make_detector(name: str, *, set_name: str) -> Detector:
    """A detector by its name on the command line.

    Args:
        name: "realtime", "offline", the path of an .onnx file, or PACKAGE.MODULE:FUNCTION.
        set_name: landmark set to find; of a function, what its landmarks are called.

    Raises:
        InputError: there is no such detector.
    """
    if ":" not in name:
        return NetworkDetector(name, set_name=set_name)
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"cannot be imported: {error}", source=name) from error
    return FunctionDetector(found, set_name=set_name)
