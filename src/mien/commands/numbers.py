"""Whether the numbers among a command's options can be meant: looked at before any work begins."""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from mien.commands.usage import UsageError

NONE_IS_FINE = {
    "blocks", "direction_frequencies", "first", "first_seed", "held_out", "looks", "person", "place",
    "random_views", "seed", "sheet_count", "summary", "test_views", "unseen_people", "validation",
}  # fmt: skip
"""Counts and seeds that may be 0 though they usually are not; all whose default is 0 may be so, too."""
SIGNED = {
    "azimuth", "elevation", "azimuth_rad", "elevation_rad", "box", "level", "look_at_m", "largest_log_sigma",
    "roll_rad", "smallest_log_sigma", "direction_frequencies",
}  # fmt: skip
"""Numbers that may lie on either side of 0."""
POSITIVE = {
    "crop_scale", "distance_m", "focal", "frames_per_second", "learning_rate", "metres_per_unit", "radius",
    "radius_m", "samples_per_voxel", "focal_px", "pixel_aspect",
}  # fmt: skip
"""Numbers with fractions that cannot be 0."""
MOST: dict[str, float] = {
    **dict.fromkeys(("side_px", "size", "measured_size", "texture_size", "picture_side_px"), 16_384),
    **dict.fromkeys(("rays_each_way", "pixel_rays_each_way", "supersampling", "drawn_each_way"), 16),
    "workers": 1024, "threads": 1024, "batch": 1_000_000,
}  # fmt: skip
"""More would only fill the memory."""


def check_numbers(config: Any) -> None:
    """Look at every number of a command's options, those in the dataclasses within among them.

    Raises:
        UsageError: one is not finite, or is a count, a size or a share that cannot be.
    """
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            check_numbers(value)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not isinstance(number, bool):
                _check(each, number)


def _check(option: Field[Any], number: float) -> None:
    name, usual = option.name, option.default
    shown = f"--{name.replace('_', '-')}"
    if not math.isfinite(number):
        if number == usual or usual is MISSING:
            return
        raise UsageError(f"{shown}: must be a finite number, not {number}")
    negative = isinstance(usual, int | float) and usual < 0
    if name in SIGNED or negative:
        return
    if isinstance(number, int) and not isinstance(usual, float):
        zero = name in NONE_IS_FINE or usual == 0
        if number < (0 if zero else 1):
            raise UsageError(f"{shown}: must be {'0 or above' if zero else 'above 0'}, not {number}")
    elif number < 0 or (number == 0 and name in POSITIVE):
        wanted = "above 0" if name in POSITIVE else "0 or above"
        raise UsageError(f"{shown}: must be {wanted}, not {number:g}")
    if number > MOST.get(name, math.inf):
        raise UsageError(f"{shown}: must be at most {MOST[name]:g}, not {number:g}")
