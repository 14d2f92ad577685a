"""A store of volumes of people without looks."""

from __future__ import annotations

from tests.synthetic.volumes.plain_volumes import *  # noqa: F403  (its fixtures)
