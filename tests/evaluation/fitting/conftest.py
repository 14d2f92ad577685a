"""Two people, and coarse scans."""

from __future__ import annotations

import pytest

from mien.evaluation.fitting import shape_error
from tests.synthetic.held_out_people.small_crowd import crowd, photographer

__all__ = ["crowd", "photographer"]


@pytest.fixture(autouse=True)
def _coarse_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans of few points: quick, and precise enough for what is tested."""
    monkeypatch.setattr(shape_error, "SCAN_POINTS", 4000)
