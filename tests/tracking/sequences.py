"""Videos with known answers: a head's own landmarks, and a landmarker that gives them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mien.cameras import Camera
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from tests.fitting.scenes import exact_landmarks, some_parameters

IMAGE = np.zeros((480, 640, 3), np.uint8)


class FakeLandmarker:
    """Gives out prepared landmarks, one frame after the other; None is a frame without a face."""

    def __init__(self, frames: list[Landmarks2D | None]) -> None:
        self.frames, self.index, self.searches = frames, 0, 0

    def pictures(self) -> Iterator[np.ndarray]:
        for index, _ in enumerate(self.frames):
            self.index = index
            yield IMAGE

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        self.searches += 1
        found = self.frames[self.index]
        return [] if found is None else [found]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        return self.frames[self.index]


def sequence(
    head: Head, camera: Camera, *, count=30, noise_px=0.3, blink=(), turn=0.0, lost=()
) -> tuple[list[Landmarks2D | None], list[HeadParameters]]:
    """Landmarks of a head that may turn and blink, and the truth."""
    person = some_parameters(head, seed=3, turn=0.05)
    rng = np.random.default_rng(0)
    frames, truths = [], []
    for index in range(count):
        expression = np.zeros(head.expression_count)
        expression[:2] = dict(blink).get(index, 0.0)
        rotation = person.root_rotation + [0, turn * np.sin(index / 6), 0]
        truth = replace(person, expression=expression, root_rotation=rotation)
        landmarks = exact_landmarks(head, truth, camera)
        points_px = landmarks.points_px + noise_px * rng.normal(size=landmarks.points_px.shape)
        truths.append(truth)
        frames.append(None if index in lost else replace(landmarks, points_px=points_px))
    return frames, truths
