"""Sizes of the chain that makes the shipped networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import InputError
from mien.training.shipped.config import ShippedConfig


@pytest.mark.parametrize(
    ("options", "said"),
    [({"crops": 0}, "--crops"), ({"networks": ()}, "--networks"), ({"steps": 0}, "--steps")],
)
def test_impossible_sizes_are_named(options, said):
    with pytest.raises(InputError, match=said):
        ShippedConfig(Path("assets"), Path("face_landmark"), **options).check()


def test_the_shipped_sizes_are_possible():
    ShippedConfig(Path("assets"), Path("face_landmark")).check()
