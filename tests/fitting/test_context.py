"""What fits and tracks are made with: given, or loaded when first needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.heads.library import load_head
from mien.landmarks.landmarker import FOUND_IN_VIDEO
from mien.landmarks.types import Landmarks2D


class Loaded:
    """Stands in for the built-in landmarker and counts how often it is loaded."""

    count = 0

    def __init__(self, model: str, *, found: object = None, settle: bool = True, turned: bool = True) -> None:
        Loaded.count += 1
        self.model, self.found, self.settle, self.turned = model, found, settle, turned

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        return []

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        return None


def test_nothing_is_loaded_before_it_is_needed_and_nothing_twice(monkeypatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", Loaded)
    Loaded.count = 0
    context = Context()
    assert Loaded.count == 0
    assert context.loaded_head is load_head()
    assert Loaded.count == 0
    assert context.finder is context.finder
    assert Loaded.count == 1
    assert context.finder.found is None
    assert context.finder.settle
    assert not context.follower.settle
    assert (context.finder.turned, context.follower.turned) == (True, False)
    assert context.follower.found is FOUND_IN_VIDEO


def test_what_is_given_is_used(head):
    landmarker, config = Loaded("mine"), FitConfig(sigma_floor=0.5)
    context = Context(head, landmarker, config)
    assert context.loaded_head is head
    assert context.finder is landmarker
    assert context.follower is landmarker
    assert replace(context, config=FitConfig()).loaded_head is head


def test_a_landmarker_that_cannot_follow_is_for_pictures_alone():
    context = Context(landmarker=lambda image: [])
    assert context.finder(np.zeros((4, 4, 3), np.uint8)) == []
    with pytest.raises(InputError, match="track"):
        _ = context.follower
