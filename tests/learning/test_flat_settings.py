"""Nested configurations by the names of their options."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mien.learning.flat_settings import flat_settings, with_settings


@dataclass(frozen=True)
class DataConfig:
    data: tuple[Path, ...] = (Path("/somewhere/synth"),)
    batch: int = 8


@dataclass(frozen=True)
class NetworkConfig:
    network: str = "small"


@dataclass(frozen=True)
class WholeConfig:
    crops: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    initial: Path | None = Path("/somewhere/else.pt")


def test_settings_are_plain_and_tell_no_folder():
    assert flat_settings(WholeConfig()) == {
        "data": ["synth"], "batch": 8, "network": "small", "initial": "else.pt"
    }  # fmt: skip


def test_options_are_changed_wherever_they_are_nested():
    changed = with_settings(WholeConfig(), {"batch": 2, "network": "large", "initial": None})
    assert changed == WholeConfig(DataConfig(batch=2), NetworkConfig("large"), None)
    with pytest.raises(KeyError, match="colour"):
        with_settings(WholeConfig(), {"colour": 1})
