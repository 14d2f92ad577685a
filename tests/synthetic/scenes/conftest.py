"""An OpenGL context where there is one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mien.errors import MissingExtraError


@pytest.fixture(scope="session")
def renderer() -> Callable:
    """Makes `Renderer`s of a size, one of each; skips where there is no OpenGL."""
    from mien.synthetic.scenes.renderer import Renderer

    made: dict[int, Renderer] = {}

    def of_size(size_px: int) -> Renderer:
        if size_px not in made:
            try:
                made[size_px] = Renderer(size_px)
            except MissingExtraError as error:
                pytest.skip(f"no OpenGL context: {error}")
        return made[size_px]

    return of_size
