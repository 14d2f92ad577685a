"""The toy head and a camera."""

from __future__ import annotations

import pytest

from mien.cameras import Camera
from mien.heads.model import Head
from tests.fitting.scenes import CAMERA_FROM_WORLD
from tests.toy_head import toy_head


@pytest.fixture
def head() -> Head:
    return toy_head()


@pytest.fixture
def camera() -> Camera:
    return Camera.from_focal(800.0, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)
