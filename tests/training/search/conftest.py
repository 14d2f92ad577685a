"""Drawn heads in a shard."""

from __future__ import annotations

from tests.datasets.search_scenes.drawn_heads import *  # noqa: F403  (its fixtures)
