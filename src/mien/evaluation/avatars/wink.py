"""The wink test: an avatar whose video never showed a wink closes one eye, and nothing else moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.avatars.avatar import Avatar
from mien.avatars.driving import injection_into
from mien.avatars.rig import AvatarControls

REGION = 0.42
"""Radius of an eye's region about its middle, over that of the outer eye corners: lids, brow, cheek."""


@dataclass(frozen=True)
class WinkFigures:
    """What injecting a blink into one eye's fields does to a picture of the face at rest.

    Attributes:
        inside: mean change of a pixel of the eye's region (colour norm, values in [0, 1]).
        outside: sum of the changes outside of it over the sum inside.
        other_eye: sum of the changes in the other eye's region over the sum inside.
        blink_likeness: correlation of the eye's change with that of a blink of both eyes.
    """

    inside: float
    outside: float
    other_eye: float
    blink_likeness: float


def wink(avatar: Avatar, *, rest: AvatarControls | None = None, side: str = "left") -> WinkFigures:
    """Measure a wink.

    Args:
        rest: the face otherwise; at rest when None.
        side: "left" or "right", the subject's.
    """
    names, camera = avatar.rig.head.expression_names, avatar.camera
    rest = rest or AvatarControls(np.zeros(len(names)), np.zeros((2, 3)))
    blink = {f"eyeBlink{side.title()}": 1.0}
    plain = avatar.picture(rest, camera)
    winked = avatar.picture(rest, camera, injection=injection_into(avatar.rig, rest, f"{side}_eye", blink))
    both = rest.weights.copy()
    both[[names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")]] = 1.0
    blinked = avatar.picture(AvatarControls(both, rest.neck), camera)
    change = np.linalg.norm(winked - plain, axis=2)
    landmarks_px = camera.project(avatar.rig.landmarks_m(rest))
    radius_px = REGION * float(np.linalg.norm(landmarks_px[36] - landmarks_px[45]))
    mine, other = (slice(42, 48), slice(36, 42)) if side == "left" else (slice(36, 42), slice(42, 48))
    rows, columns = np.mgrid[: camera.height_px, : camera.width_px]

    def near(points: slice) -> np.ndarray:
        middle = landmarks_px[points].mean(axis=0)
        return np.hypot(columns - middle[0], rows - middle[1]) < radius_px

    region, opposite = near(mine), near(other)
    inside = max(float(change[region].sum()), 1e-12)
    first = (winked - plain)[region].ravel()
    second = (blinked - plain)[region].ravel()
    likeness = float(first @ second / max(np.linalg.norm(first) * np.linalg.norm(second), 1e-12))
    return WinkFigures(
        float(change[region].mean()),
        float(change[~region].sum()) / inside,
        float(change[opposite & ~region].sum()) / inside,
        likeness,
    )
