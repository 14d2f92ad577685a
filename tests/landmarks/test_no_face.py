"""The reason why there is no face is the one that can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mien
from mien.landmarks.no_face import why_no_face

ASTRONAUT = Path(__file__).parents[2] / "examples/astronaut.jpg"


@pytest.fixture(scope="module")
def landmarker() -> mien.Landmarker:
    return mien.Landmarker(turned=False)


def blurred(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(image, (0, 0), 25)


def shrunk(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.resize(image, (90, 90), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda image: image * 0, "black"),
        (lambda image: image * 0 + np.uint8(255), "one colour"),
        (lambda image: image // 8, "too dark"),
        (lambda image: np.rot90(image), "90° counter-clockwise"),
        (lambda image: np.rot90(image, 3), "90° clockwise"),
        (lambda image: np.rot90(image, 2), "upside down"),
        (shrunk, "tiny"),
        (blurred, "blurred"),
        (lambda image: image[:30, :30], "only 30 × 30 pixels"),
        (lambda image: image[300:, 300:], "faces must be 40 pixels"),
    ],
)
def test_reasons(landmarker, change, words):
    image = np.ascontiguousarray(change(mien.read_image(ASTRONAUT)))
    assert words in why_no_face(image, landmarker, upright_only=True)
