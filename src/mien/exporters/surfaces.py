"""What of a head is drawn with one material: groups of its parts, with their colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Bool, Integer

from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES
from mien.heads.parts import MATERIALS

Picture = Literal["base_color", "cards"]


@dataclass(frozen=True)
class Surface:
    """Parts of a head that are made of one material.

    Attributes:
        name: of the material.
        parts: indices into `Head.part_names`.
        color: linear RGB; white under a picture.
        roughness: 0 mirror … 1 matt, where no picture says more.
        opacity: below 1 for what one sees through.
        both_sides: whether its back is seen too.
        picture: the picture of a `HeadLook` that it carries, or None for plain colour.
        from_gaze_rad: of eyeballs the triangles between these angles from the line of sight; None for all.
    """

    name: str
    parts: tuple[int, ...]
    color: tuple[float, float, float]
    roughness: float
    opacity: float = 1.0
    both_sides: bool = False
    picture: Picture | None = None
    from_gaze_rad: tuple[float, float] | None = None


_PLAIN = (  # the first fragment found in a part's name decides: name, linear RGB, roughness
    ("iris", "iris", (0.16, 0.22, 0.24), 0.2),
    ("pupil", "pupil", (0.01, 0.01, 0.01), 0.2),
    ("socket", "eye_sockets", (0.45, 0.22, 0.19), 0.6),
    ("eye", "eyes", (0.82, 0.80, 0.77), 0.2),
    ("teeth", "teeth", (0.80, 0.76, 0.66), 0.3),
    ("tongue", "tongue", (0.45, 0.13, 0.12), 0.5),
    ("gum", "gums", (0.42, 0.12, 0.11), 0.5),
    ("mouth", "mouth", (0.28, 0.06, 0.06), 0.6),
    ("lip", "lips", (0.55, 0.25, 0.22), 0.5),
)
_SKIN = ("skin", (0.62, 0.43, 0.34), 0.6)
_ROUGHNESS_UNDER_PICTURE = {"skin": 0.55, "mouth": 0.35, "eyes": 0.15}
# Clear: almost nothing is left but the highlight. Black, because white would lie on the iris like a haze.
_CORNEA_COLOR, _CORNEA_OPACITY, _CORNEA_ROUGHNESS = (0.0, 0.0, 0.0), 0.1, 0.05
_HAIR_ROUGHNESS = 0.8
_PUPIL_RAD, _IRIS_RAD = np.radians(10.0), np.radians(29.0)
_EYE_RINGS = {"pupil": (0.0, _PUPIL_RAD), "iris": (_PUPIL_RAD, _IRIS_RAD), "eyes": (_IRIS_RAD, np.pi)}
"""What shows on an eyeball that has no picture, in the angle from its line of sight: without it the eyes are
white and blind."""
_DRAWN_LAST = {"cornea": 1, "hair": 2}  # over what shines through them, in viewers that do not sort


def surfaces_of(head: Head, look: HeadLook | None) -> tuple[Surface, ...]:
    """The head's parts, grouped by material, in the order in which they should be drawn.

    With a look there is one surface per material of `mien.heads.parts`; without one, parts of one plain
    colour belong together, and cards are left out, which would be solid strips. A part with another name than
    the built-in head's is a surface of its own.

    Args:
        head: any head.
        look: its pictures, or None.
    """
    return _surfaces(head, look is not None, look is not None and look.cards is not None)


@lru_cache(maxsize=8)
def _surfaces(head: Head, has_look: bool, has_cards: bool) -> tuple[Surface, ...]:
    grouped: dict[str, Surface] = {}
    present = set(triangle_parts(head).tolist())
    for part, name in enumerate(head.part_names):
        if part not in present or (MATERIALS.get(name) == "hair" and not has_cards):
            continue
        surface = _surface_of(name, has_look=has_look and has_texture(head))
        so_far = grouped[surface.name].parts if surface.name in grouped else ()
        grouped[surface.name] = Surface(**{**vars(surface), "parts": (*so_far, part)})
    eyes = grouped.get("eyes")
    if eyes is not None and eyes.picture is None and not eyes.both_sides:
        for name, ring_rad in _EYE_RINGS.items():
            _, color, roughness = _plain(name)
            ring = Surface(name, eyes.parts, color, roughness, from_gaze_rad=ring_rad)
            grouped[name] = ring
            if not triangles_of(head, ring).any():
                del grouped[name]
    return tuple(sorted(grouped.values(), key=lambda surface: _DRAWN_LAST.get(surface.name, 0)))


def _surface_of(part_name: str, *, has_look: bool) -> Surface:
    material = MATERIALS.get(part_name)
    if material == "cornea":
        return Surface("cornea", (), _CORNEA_COLOR, _CORNEA_ROUGHNESS, opacity=_CORNEA_OPACITY)
    if material == "hair":
        return Surface("hair", (), (1.0, 1.0, 1.0), _HAIR_ROUGHNESS, both_sides=True, picture="cards")
    name, color, roughness = _plain(part_name)
    if material is None:  # somebody else's head: which way its triangles face is not ours to say
        name, both_sides = part_name, True
    else:
        both_sides = False
    if not has_look:
        return Surface(name, (), color, roughness, both_sides=both_sides)
    name = material or name
    roughness = _ROUGHNESS_UNDER_PICTURE.get(name, roughness)
    return Surface(name, (), (1.0, 1.0, 1.0), roughness, both_sides=both_sides, picture="base_color")


def _plain(part_name: str) -> tuple[str, tuple[float, float, float], float]:
    lowered = part_name.lower()
    for fragment, name, color, roughness in _PLAIN:
        if fragment in lowered:
            return name, color, roughness
    return _SKIN


def has_texture(head: Head) -> bool:
    """Whether the head has texture coordinates; heads without have none, or a single one for all corners."""
    return len(head.uv) > 1


def triangles_of(head: Head, surface: Surface) -> Bool[np.ndarray, " triangles"]:
    """Which of the head's triangles are the surface's."""
    of_part = triangle_parts(head)
    chosen = np.isin(of_part, surface.parts)
    if surface.from_gaze_rad is None:
        return chosen
    low_rad, high_rad = surface.from_gaze_rad
    for part in surface.parts:
        eye = np.flatnonzero(of_part == part)
        centre_m = head.joints_mean_m[JOINT_NAMES.index(head.part_names[part])]
        outward_m = head.mean_m[head.triangles[eye]].mean(axis=1) - centre_m
        angle_rad = np.arctan2(
            np.linalg.norm(outward_m[:, :2], axis=1), outward_m[:, 2]
        )  # at rest +z is seen
        chosen[eye] = (angle_rad >= low_rad) & (angle_rad < high_rad)
    return chosen


def triangle_parts(head: Head) -> Integer[np.ndarray, " triangles"]:
    """The part each triangle belongs to: the one of most of its corners."""
    return np.sort(head.vertex_parts[head.triangles], axis=1)[:, 1]
