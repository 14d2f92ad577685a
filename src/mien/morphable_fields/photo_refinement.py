"""A face's texture refined to its photo: unedited, its field shows the photo's light, eyes and teeth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.checked_calls import checked_call
from mien.fields.rendering.picture import render_field
from mien.fitting.results import HeadFit
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.looks.atlas import Atlas, atlas_of
from mien.looks.colors import srgb_from_linear
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.surface_graph import smooth_field
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.making import field_of
from mien.morphable_fields.model_files import read_model
from mien.morphable_fields.models import MorphableModel
from mien.morphable_fields.photo_camera import camera_at_rest

ROUNDS = 2
"""The model does not only multiply the texture: what one round leaves, the next one mends."""
COMPARED_PX = 320
"""Side of a texture whose pixels are as large as those that photo and field are compared in."""
ATLAS_PX = 512
DARK = 0.04
"""Added to both of two values before their ratio is taken: what is black has no ratio."""
LARGEST_STEP = 1.2
"""Of the logarithm of a ratio."""
EDGE, INSIDE = (0.005, 0.02), (0.03, 0.06)
"""Shares of the head's height. Nearer to the outline than the first of EDGE the photo is not believed, from
the second on it is; nearer than the first of INSIDE only likely colours are, from the second on all."""
LIKELY = 0.3
"""Logarithm of a ratio by which a likely colour differs from those around, light and dark."""
TEETH_SEEN = 300
"""Texels of teeth that must be seen to be believed: between closed lips a few seem to be."""
COVERED_M = 0.0025
"""What lies so far behind what the field shows is covered by it."""
STIFFNESS, PRIOR_WEIGHT, MIRRORED = 0.7, 0.003, 0.35
"""Of the smooth ratio that is carried to what the photo does not show, and how much the other half of the
face counts for it."""


@checked_call
def refine_face_to_photo(
    face: MorphableFace,
    fit: HeadFit,
    image: UInt8[np.ndarray, "height width 3"],
    *,
    model: MorphableModel | None = None,
    rounds: int = ROUNDS,
) -> MorphableFace:
    """The face with a texture with which its field, seen from the photo's camera, looks as the photo.

    Where the photo shows the face, the texture is multiplied by photo over field. Smoothly, light and colour
    are carried on to what it does not show.

    Args:
        face: made of the fit (`face_of_fit`).
        fit: of the built-in head; image: (H, W, 3) uint8 RGB, the picture that was fitted.
        model: that shows it; the shipped one when None.
        rounds: comparisons of photo and field, some seconds each.
    """
    head, model = load_head(), model or read_model()
    seen = FaceInPicture.of(head, fit, image, size_px=COMPARED_PX)
    camera = camera_at_rest(seen.camera, fit.parameters, face)
    photo = srgb_from_linear(seen.light).astype(np.float32) / 255
    atlas = atlas_of(head, ATLAS_PX)
    places, weight = _places(seen, atlas)
    for _ in range(rounds):
        shown = render_field(field_of(model, face), camera)
        ratio = np.log((photo + DARK) / (shown.rgb.astype(np.float32) / 255 + DARK))
        ratio = np.clip(ratio, -LARGEST_STEP, LARGEST_STEP)
        solid = (shown.alpha > 0.98).astype(np.float32)
        uncovered = weight * _uncovered(shown.depth_m, seen, atlas, places)
        change = _change_of_texture(ratio, solid, seen, atlas, places, uncovered)
        face = replace(face, texture=_times(face.texture, change))
    return face


def _places(
    seen: FaceInPicture, atlas: Atlas
) -> tuple[Float[np.ndarray, "size size 2"], Float[np.ndarray, "size size"]]:
    """Where in the photo each texel lies, and how well it is seen there."""
    points_px = np.nan_to_num(seen.points_px, nan=-1e4)
    fields = atlas.interpolate(
        np.concatenate([points_px, seen.depth_m[:, None], seen.facing[:, None]], axis=1)
    )
    weight = seen.seen(fields[..., 0], fields[..., 1], fields[..., 2], fields[..., 3])
    return np.ascontiguousarray(fields[..., :2]), weight.astype(np.float32)


def _change_of_texture(
    ratio: Float[np.ndarray, "height width 3"],
    solid: Float[np.ndarray, "height width"],
    seen: FaceInPicture,
    atlas: Atlas,
    places: Float[np.ndarray, "size size 2"],
    weight: Float[np.ndarray, "size size"],
) -> Float[np.ndarray, "size size 3"]:
    """Logarithm of what the texture is multiplied by."""
    import cv2

    height_px = float(np.ptp(np.nan_to_num(seen.points_px[:, 1])))
    # The same at vertices, of the picture smoothed within the head
    blur = max(0.01 * height_px, 1.0)
    amount = cv2.GaussianBlur(solid, (0, 0), blur)[..., None]
    smoothed = cv2.GaussianBlur(ratio * solid[..., None], (0, 0), blur) / np.maximum(amount, 1e-3)
    columns, rows = np.nan_to_num(seen.points_px, nan=0.0).round().astype(int).T
    column, row = np.clip(columns, 0, seen.camera.width_px - 1), np.clip(rows, 0, seen.camera.height_px - 1)
    apart = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 5) / height_px
    sure = _ramp(apart, INSIDE)
    carried = _carried(
        atlas.head, smoothed[row, column].astype(float), seen.vertex_weights() * sure[row, column]
    )
    smooth = atlas.interpolate(carried)

    stacked = np.dstack([ratio, _ramp(apart, EDGE), sure]).astype(np.float32)
    at_texels = cv2.remap(stacked, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    beyond = at_texels[..., :3] - smooth
    likely = np.exp(-((beyond / LIKELY) ** 2).max(axis=2))
    share = weight * at_texels[..., 3] * np.maximum(at_texels[..., 4], likely)
    teeth = _parts(atlas, "teeth")
    shown = teeth & (share > 0.5)
    if shown.sum() >= TEETH_SEEN:
        whole = np.median(at_texels[shown][:, :3], axis=0)
    else:
        whole = smooth[teeth].mean(axis=0)
        share[teeth] = 0.0
    smooth[teeth] = whole
    return smooth + share[..., None] * (at_texels[..., :3] - smooth)


def _parts(atlas: Atlas, ending: str) -> Bool[np.ndarray, "size size"]:
    """Texels of parts whose names end so."""
    head = atlas.head
    named = np.array([name.endswith(ending) for name in head.part_names])
    return named[head.vertex_parts][atlas.corners[..., 0]]


def _uncovered(
    depth_m: Float[np.ndarray, "height width"],
    seen: FaceInPicture,
    atlas: Atlas,
    places: Float[np.ndarray, "size size 2"],
) -> Float[np.ndarray, "size size"]:
    """0 for texels of mouth and eyes over which the field shows lips or lids, 1 for others."""
    import cv2

    nearest = np.where(np.isfinite(depth_m), depth_m, 0.0).astype(np.float32)
    own_m = atlas.interpolate(seen.depth_m[:, None])[..., 0]
    shown_m = cv2.remap(nearest, places, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.where(_parts(atlas, "skin") | (own_m - shown_m < COVERED_M), 1.0, 0.0).astype(np.float32)


def _ramp(values: Float[np.ndarray, "h w"], ends: tuple[float, float]) -> Float[np.ndarray, "h w"]:
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)


def _carried(
    head: Head, values: Float[np.ndarray, "vertices 3"], weight: Float[np.ndarray, " vertices"]
) -> Float[np.ndarray, "vertices 3"]:
    """Values that are known where the photo shows the skin, carried to all of it, and to eyes and teeth."""
    skin = head.vertex_parts == head.part_names.index("skin")
    weight = weight * skin
    mirror = head.mirror_vertices
    borrowed = MIRRORED * weight[mirror] * (1 - weight)
    total = weight + borrowed
    known = (weight[:, None] * values + borrowed[:, None] * values[mirror]) / np.maximum(total, 1e-9)[:, None]
    mean = (total @ known) / max(float(total.sum()), 1e-9)
    smooth = smooth_field(head, known - mean, total, stiffness=STIFFNESS, prior_weight=PRIOR_WEIGHT)
    return mean + np.where(skin[:, None], smooth, 0.0)


def _times(
    texture: UInt8[np.ndarray, "side side 3"], change: Float[np.ndarray, "size size 3"]
) -> UInt8[np.ndarray, "side side 3"]:
    import cv2

    side = len(texture)
    gain = np.exp(cv2.resize(change, (side, side), interpolation=cv2.INTER_LINEAR))
    return np.clip(np.rint((texture / 255 + DARK) * gain * 255 - 255 * DARK), 0, 255).astype(np.uint8)
