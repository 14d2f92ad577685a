"""Roughness and relief of a head's surface, the same for everybody."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import UInt8

from mien.heads.model import Head
from mien.looks.albedo_model import albedo_model_for
from mien.looks.atlas import atlas_of
from mien.looks.materials import vertices_of

EYES, MOUTH = 0.12, 0.30
"""Roughness of wet surfaces."""
RELIEF = 0.9
"""Slope of the finest relief for a contrast of one level in the height picture, in per cent."""


@lru_cache(maxsize=4)
def roughness_map(head: Head, size_px: int) -> UInt8[np.ndarray, "size size"]:
    """(S, S) 0 mirror to 255 matt; kept for the last heads."""
    import cv2

    model = albedo_model_for(head)
    values = model.roughness.copy()
    values[vertices_of(head, "eyes")] = EYES
    values[vertices_of(head, "mouth")] = MOUTH
    small = atlas_of(head, min(size_px, 512)).interpolate(values[:, None])[..., 0]
    picture = cv2.resize(small, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    return np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)


@lru_cache(maxsize=4)
def normal_map(head: Head, size_px: int) -> UInt8[np.ndarray, "size size 3"] | None:
    """(S, S, 3) tangent-space normals of pores and stubble; None for heads without the model's atlas."""
    import cv2

    model = albedo_model_for(head)
    if model.height_picture is None:
        return None
    atlas = atlas_of(head, min(size_px, 512))
    values = np.zeros((head.vertex_count, 1))
    values[vertices_of(head, "skin")] = 1
    skin = cv2.resize(atlas.interpolate(values)[..., 0], (size_px, size_px))
    method = cv2.INTER_AREA if len(model.height_picture) > size_px else cv2.INTER_LINEAR
    height = cv2.resize(model.height_picture, (size_px, size_px), interpolation=method).astype(np.float32)
    slope = RELIEF / 100 * skin
    right = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8 * slope
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8 * slope
    normal = np.stack([-right, down, np.ones_like(right)], axis=-1)  # v runs up, rows run down
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.round(127.5 + 127.5 * normal).clip(0, 255).astype(np.uint8)
