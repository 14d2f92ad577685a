"""Hair that reaches the upper edge of a picture though the head is well below it: rather what is behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, UInt8

from mien.avatars.dataset import AvatarData
from mien.avatars.rig import AvatarControls, AvatarRig, rig_of

HAIR_M = 0.025
"""Above the fitted head, up to which hair is believed where nothing goes on to the edge."""
SURE_HAIR_M = 0.008
"""And where something does."""
PILLAR_M = 0.01
"""Less than this at the edge is hair that the picture cuts off."""
SURE_HEAD_M = 0.015
"""Within the fitted head, from which on it is believed below what does: the crown of a fitted head is often
higher than the hair."""


def without_doubtful_hair(data: AvatarData) -> AvatarData:
    """The same frames, whose mattes are not known where a curtain or a beam of the hair's colour stands on
    the head like a pillar, and empty there from `SURE_HAIR_M` above the fitted head."""
    rig, controls = rig_of(data, points=1)
    rgba, known = data.rgba.copy(), data.known.copy()
    for row in range(len(data)):
        doubtful, above = _pillars(data, rig, controls[row], row)
        known[row][doubtful] = 0
        rgba[row][doubtful & above, 3] = 0
    return replace(data, rgba=rgba, known=known)


def _pillars(
    data: AvatarData, rig: AvatarRig, controls: AvatarControls, row: int
) -> tuple[Bool[np.ndarray, "s s"], Bool[np.ndarray, "s s"]]:
    """What reaches the upper edge beyond `HAIR_M` from the head, and what it stands on; and what lies well
    above the head."""
    import cv2

    camera, size = data.camera(row), data.size_px
    vertices_m = rig.vertices_m(controls)[rig.kept]
    pixels = np.rint(np.nan_to_num(camera.project(vertices_m), nan=-9)).astype(int)
    inside = ((pixels >= 0) & (pixels < size)).all(axis=1)
    head = np.zeros((size, size), np.uint8)
    head[pixels[inside, 1], pixels[inside, 0]] = 1
    head = cv2.morphologyEx(head, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    depth_m = max(float(camera.to_camera(vertices_m).mean(axis=0)[2]), 1e-3)
    m_in_px = camera.focal_px / depth_m
    outside_px, inside_px = (cv2.distanceTransform(one, cv2.DIST_L2, 5) for one in (1 - head, head))
    away_m = (outside_px - inside_px) / m_in_px
    hair = data.rgba[row, ..., 3] > 127
    _, labels = cv2.connectedComponents((hair & (away_m > HAIR_M)).astype(np.uint8))
    heights = {one: int((labels == one).any(axis=1).sum()) for one in np.unique(labels[0]) if one}
    tall = [one for one, height in heights.items() if height > PILLAR_M * m_in_px]
    pillars: UInt8[np.ndarray, "s s"] = np.isin(labels, tall).astype(np.uint8)
    reach = max(1, round((HAIR_M + SURE_HEAD_M) * m_in_px))
    feet = cv2.dilate(pillars, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)) > 0
    return feet & (away_m > -SURE_HEAD_M) & (data.rgba[row, ..., 3] > 7), away_m > SURE_HAIR_M
