"""The toy head and a camera."""

from __future__ import annotations

from tests.fitting.conftest import camera, head

__all__ = ["camera", "head"]
