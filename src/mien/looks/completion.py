"""The whole texture from what is seen: the rest from the other half of the face and the albedo model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from mien.looks.albedo_model import LOG_STEPS, AlbedoModel
from mien.looks.atlas import Atlas
from mien.looks.photo_texture import PhotoTexture
from mien.looks.surface_graph import smooth_field

STIFFNESS, PRIOR_WEIGHT, MIRRORED_SHARE = 0.7, 0.003, 0.35
"""Of the smooth field between what is seen and the model: how stiff, how far it reaches into what is hidden,
and how much the other half of the face counts there."""
LARGEST_OFFSET = 1.2
SHARPNESS = 4
"""Power of the weights with which pictures are merged: the best one shows, not a mean of all."""


def complete(
    textures: Sequence[PhotoTexture],
    atlas: Atlas,
    model: AlbedoModel,
    expected: Float[np.ndarray, "vertices 3"],
    *,
    size_px: int,
) -> Float[np.ndarray, "size size 3"]:
    """Merge the pictures and complete them.

    Low frequencies come over the surface of the head (a screened membrane over the mesh, so that seams of the
    atlas do not show), details from the mirrored place where that one is seen.

    Args:
        textures: of all pictures; may be empty.
        atlas: as the textures were made with.
        expected: (V, 3) logarithm of the albedo that the model expects of this person.

    Returns:
        (S, S, 3) linear albedo, float32.
    """
    import cv2

    whole, reduced = (size_px, size_px), (atlas.size_px, atlas.size_px)
    if not textures:
        return _model_texture(atlas, model, expected, size_px)
    head = atlas.head
    own = [_offsets(atlas, each, expected) for each in textures]
    weights = np.array([each.vertex_weight for each in textures])
    total = np.maximum(weights.sum(axis=0), 1e-9)
    seen = np.array([np.log(np.maximum(each.vertex_albedo, 1e-3)) - expected for each in textures])
    merged = (weights[..., None] * np.clip(seen, -2.5, LARGEST_OFFSET)).sum(axis=0) / total[:, None]
    joint = own[0] if len(own) == 1 else _smooth(atlas, merged, np.minimum(weights.sum(axis=0), 1))
    base = _model_texture(atlas, model, expected + joint, size_px)

    best = np.max([each.weight for each in textures], axis=0)
    if len(textures) == 1:
        photo = textures[0].albedo
    else:
        sharpest_px = max(each.detail_px for each in textures)
        photo, amount = np.zeros_like(base), np.full((size_px, size_px, 1), 1e-9, np.float32)
        for each, offset in zip(textures, own, strict=True):
            small = (each.detail_px / sharpest_px) ** 2 * each.weight**SHARPNESS
            weight = cv2.resize(small.astype(np.float32), whole, interpolation=cv2.INTER_LINEAR)[..., None]
            gain = cv2.resize(
                atlas.interpolate(np.exp(joint - offset)), whole, interpolation=cv2.INTER_LINEAR
            )
            photo += weight * gain * each.albedo
            amount += weight
        photo /= amount

    # What is seen of the mirrored place, relative to the smooth field there.
    ratio = cv2.resize(photo, reduced, interpolation=cv2.INTER_AREA)
    ratio /= np.maximum(cv2.resize(base, reduced, interpolation=cv2.INTER_AREA), 1e-3)
    columns, rows = cv2.split(atlas.mirror)
    stacked = np.concatenate([np.clip(ratio, 0.3, 2.2), best[..., None]], axis=-1)
    other = cv2.remap(stacked, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    hidden = 1 + other[..., 3:] * (other[..., :3] - 1)

    share = cv2.resize(best, whole, interpolation=cv2.INTER_LINEAR)[..., None]
    base *= cv2.resize(hidden, whole, interpolation=cv2.INTER_LINEAR)
    photo = photo - base
    photo *= share
    base += photo
    assert head.vertex_count == len(expected)
    return base


def _offsets(atlas: Atlas, texture: PhotoTexture, expected: np.ndarray) -> np.ndarray:
    """(V, 3) smooth logarithm of what is seen over what is expected, carried to what is hidden."""
    difference = np.log(np.maximum(texture.vertex_albedo, 1e-3)) - expected
    return _smooth(atlas, np.clip(difference, -2.5, LARGEST_OFFSET), texture.vertex_weight)


def _smooth(atlas: Atlas, difference: np.ndarray, weight: np.ndarray) -> np.ndarray:
    mirror = atlas.head.mirror_vertices
    borrowed = MIRRORED_SHARE * weight[mirror] * (1 - weight)
    total = weight + borrowed
    values = weight[:, None] * difference + borrowed[:, None] * difference[mirror]
    values /= np.maximum(total, 1e-9)[:, None]
    return smooth_field(atlas.head, values, total, stiffness=STIFFNESS, prior_weight=PRIOR_WEIGHT)


def _model_texture(
    atlas: Atlas, model: AlbedoModel, log_albedo: np.ndarray, size_px: int
) -> Float[np.ndarray, "size size 3"]:
    """Linear albedo with the model's details: smooth at the vertices, details from the atlas."""
    import cv2

    whole = (size_px, size_px)
    if model.pattern_picture is None:
        smooth = atlas.interpolate(np.exp(log_albedo))
        return cv2.resize(smooth, whole, interpolation=cv2.INTER_LINEAR)
    smooth = atlas.interpolate(np.exp(log_albedo - model.pattern))
    picture: np.ndarray = model.pattern_picture
    if len(picture) != size_px:
        method = cv2.INTER_AREA if len(picture) > size_px else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, whole, interpolation=method), np.uint8)
    table = np.exp((np.arange(256, dtype=np.float32) - 128) / np.float32(LOG_STEPS))
    result = cv2.resize(smooth, whole, interpolation=cv2.INTER_LINEAR)
    result *= table[picture]
    return result
