"""The public assets that the head is built from, for tests that need the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mien.head_building.makehuman import MakeHuman

ASSETS = Path(os.environ.get("MIEN_ASSETS", Path(__file__).parents[3] / "shared" / "assets"))
"""Beside the repository unless the variable MIEN_ASSETS says where."""


def makehuman_or_skip() -> MakeHuman:
    folder = ASSETS / "makehuman"
    if not (folder / "base.obj").exists():
        pytest.skip("MakeHuman's assets are not here; set MIEN_ASSETS to their parent folder")
    return MakeHuman(folder)


def mean_person_units(makehuman: MakeHuman) -> np.ndarray:
    """Base mesh (decimetres) of all ancestries and both sexes in equal parts."""
    return makehuman.base_vertices(
        makehuman.macro_weights(ancestry=np.ones(3) / 3, male=0.5, old=0.2, child=0.0, heavy=0.0)
    )
