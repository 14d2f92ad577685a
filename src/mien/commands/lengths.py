"""Trainings whose usual length is in steps: who asks for minutes gets minutes."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Config = TypeVar("Config")


def in_minutes(config: Config) -> Config:
    """The same options, in every training among them no length in steps: it would come before the minutes.

    Args:
        config: a dataclass of options, of whatever depth.
    """
    assert is_dataclass(config)
    assert not isinstance(config, type)
    changed: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value) and not isinstance(value, type):
            inner = in_minutes(value)
            if inner is not value:
                changed[each.name] = inner
    if {"max_minutes", "max_steps"} <= {each.name for each in fields(config)}:
        changed["max_steps"] = None
    return replace(config, **changed) if changed else config
