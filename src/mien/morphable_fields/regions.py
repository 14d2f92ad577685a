"""Groups of the 68 landmarks by name, and who is whose mirror image."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Float, Int

from mien.errors import InputError
from mien.heads.landmark_sets import IBUG_GROUPS
from mien.heads.library import load_head
from mien.morphable_fields.nearby_points import LANDMARK_SET, falloff, surface_distances_m

REGIONS: dict[str, tuple[int, ...]] = {
    **{name: tuple(members) for name, members in IBUG_GROUPS.items()},
    "brows": tuple(range(17, 27)),
    "eyes": tuple(range(36, 48)),
    "upper_lip": (49, 50, 51, 52, 53, 61, 62, 63),
    "lower_lip": (55, 56, 57, 58, 59, 65, 66, 67),
    "mouth_corners": (48, 54, 60, 64),
    "chin": (6, 7, 8, 9, 10),
    "face": tuple(range(68)),
}
"""Landmarks of each region; left and right are the subject's."""


def region_landmarks(text: str) -> tuple[int, ...]:
    """Landmarks from a region's name, a number, or numbers: "mouth", "57", "48-54", "48,54".

    Raises:
        InputError: none of these.
    """
    if text in REGIONS:
        return REGIONS[text]
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        numbers = [] if match is None else range(int(match[1]), int(match[2] or match[1]) + 1)
        if not numbers or max(numbers) > 67:
            raise InputError(
                f"there are no landmarks {text!r}; write numbers from 0 to 67 (48-54 or 48,54) or one of "
                f"{', '.join(REGIONS)}",
                source="landmarks",
            )
        found += numbers
    return tuple(dict.fromkeys(found))


def mirror_landmarks() -> Int[np.ndarray, " 68"]:
    """Each landmark's partner on the other side."""
    return load_head().landmark_set(LANDMARK_SET).mirror


def soft_selection(chosen: tuple[int, ...], radius_m: float) -> Float[np.ndarray, " 68"]:
    """1 for chosen landmarks, less for those within a radius along the skin, 0 for the others."""
    head = load_head()
    among_m = surface_distances_m(head)[list(chosen)][:, head.landmark_set(LANDMARK_SET).vertices].min(axis=0)
    share = falloff(among_m, radius_m) if radius_m > 0 else np.zeros(68)
    share[list(chosen)] = 1.0
    return share


def moved(
    landmarks_m: Float[np.ndarray, "68 3"],
    chosen: tuple[int, ...],
    by_m: Float[np.ndarray, " 3"],
    *,
    radius_m: float = 0.0,
    symmetric: bool = False,
) -> Float[np.ndarray, "68 3"]:
    """Landmarks of which some were moved, those around them with them.

    Args:
        by_m: head frame (+x the subject's left, +y up, +z out of the face).
        radius_m: how far along the skin others follow (soft selection).
        symmetric: what is done on one side is done on the other as well. Pairs of which both were chosen
            are moved apart or together, by the mirrored x.
    """
    by_m = np.asarray(by_m, float)
    share = soft_selection(chosen, radius_m)
    if not symmetric:
        return landmarks_m + share[:, None] * by_m
    mirror = mirror_landmarks()
    left = load_head().mean_m[load_head().landmark_set(LANDMARK_SET).vertices][:, 0]
    both = np.maximum(share, share[mirror])
    given = tuple(set(chosen))
    on_right = np.mean(np.sign(np.round(left[list(given)], 4))) < 0  # the vector is that of the chosen side
    sign = np.where(np.abs(left) < 1e-4, 0.0, np.sign(left)) * (-1 if on_right else 1)
    step_m = both[:, None] * np.stack([sign * by_m[0], np.full(68, by_m[1]), np.full(68, by_m[2])], axis=1)
    return landmarks_m + step_m
