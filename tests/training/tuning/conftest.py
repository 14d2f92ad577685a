"""Fake faces in real shards."""

from __future__ import annotations

from tests.datasets.crops.fake_faces import *  # noqa: F403  (its fixtures)
