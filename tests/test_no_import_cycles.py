"""No two modules import each other, at the top or inside functions."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.test_structure import MODULES, SOURCE, imports


def name_of(path: Path) -> str:
    return ".".join(("mien", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def test_modules_can_be_put_in_an_order():
    known = {name_of(path) for path in MODULES}
    needs = {name_of(path): {name for name in imports(path) if name in known} for path in MODULES}
    needs["mien"] = set()  # the public names lead everywhere, and `__version__` is read from everywhere
    try:
        list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        pytest.fail(f"modules import each other: {' ← '.join(error.args[1])}")
