"""The parts of the built-in head and what each is made of."""

from __future__ import annotations

PARTS = (
    "skin",
    "mouth_interior",
    "eye_sockets",
    "left_eye",
    "right_eye",
    "left_cornea",
    "right_cornea",
    "upper_teeth",
    "lower_teeth",
    "upper_gums",
    "lower_gums",
    "tongue",
    "lashes",
    "brows",
)
"""In the order of `Head.vertex_parts`. "skin" holds the lips and the lids' margins; "eye_sockets" lies behind
the lids, "mouth_interior" behind the lips; "left_eye" and "right_eye" are sclera, iris and pupil, the clear
corneas lie over them; "lashes" and "brows" are cards, flat strips that carry a picture of hairs."""

MATERIALS: dict[str, str] = {
    "skin": "skin",
    "eye_sockets": "skin",
    "mouth_interior": "mouth",
    "upper_teeth": "mouth",
    "lower_teeth": "mouth",
    "upper_gums": "mouth",
    "lower_gums": "mouth",
    "tongue": "mouth",
    "left_eye": "eyes",
    "right_eye": "eyes",
    "left_cornea": "cornea",
    "right_cornea": "cornea",
    "lashes": "hair",
    "brows": "hair",
    "hair": "hair",
}
"""Material of each part: "skin", "mouth" and "eyes" are opaque and share the look's base colour, "cornea" is
clear and glossy, "hair" takes its colour and its holes from the look's cards. A part
"hair" is what hair styles (`mien.looks.worn_hair`) add to the built-in head."""
