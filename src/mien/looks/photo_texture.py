"""A picture brought into the head's texture, with its light taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.looks.atlas import Atlas
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.face_regions import FaceRegions
from mien.looks.hair import HairColor
from mien.looks.illumination import Illumination
from mien.looks.trusted_colors import HAIR_TOLERANCE, Tolerance, trust

_DEEP_SHADOW = (0.30, 0.50)
"""Light below the first share of its mean is too little, above the second enough."""
_JUDGED_PX = 256
"""Side at which colours are judged: details smaller than this are skin's own."""


@dataclass(frozen=True, eq=False)
class PhotoTexture:
    """What one picture says of the texture.

    Attributes:
        albedo: (S, S, 3) linear colours without light, float32; anything where the weight is 0.
        weight: (s, s) how far each texel is to be believed, 0 to 1, float32, s half of S or S.
        detail_px: height of the head in the picture, by which pictures are preferred to others.
        vertex_albedo: (V, 3) the same at the vertices, smooth; vertex_weight: (V,).
    """

    albedo: Float[np.ndarray, "size size 3"]
    weight: Float[np.ndarray, "small small"]
    detail_px: float
    vertex_albedo: Float[np.ndarray, "vertices 3"]
    vertex_weight: Float[np.ndarray, " vertices"]


def photo_texture(
    face: FaceInPicture,
    atlas: Atlas,
    light: Illumination,
    expected: Float[np.ndarray, "vertices 3"],
    tolerance: Tolerance,
    regions: FaceRegions,
    hair: HairColor,
    *,
    size_px: int,
) -> PhotoTexture:
    """Sample the picture at every texel, divide by the light, and judge each place.

    Args:
        atlas: of the head, at the texture's size or below.
        expected: (V, 3) logarithm of the albedo that the model expects of this person.
        tolerance: how far colours may lie from it.
        size_px: side of the texture.
    """
    import cv2

    allowed = regions.skin
    points_px = np.nan_to_num(face.points_px, nan=-1e4)
    shade = face.light_at(light)
    fields = atlas.interpolate(
        np.concatenate(
            [points_px, face.depth_m[:, None], face.facing[:, None], shade, allowed[:, None]], axis=1
        )
    )
    place, shade_texels = np.ascontiguousarray(fields[..., :2]), np.ascontiguousarray(fields[..., 4:7])
    seen = face.seen(place[..., 0], place[..., 1], fields[..., 2], fields[..., 3]).astype(np.float32)
    # In deep shadow there is more noise than skin: the other half of the face knows better.
    relative = shade_texels.mean(axis=-1) / np.float32(light.mean.mean())
    seen *= fields[..., 7] * np.clip((relative - _DEEP_SHADOW[0]) / (_DEEP_SHADOW[1] - _DEEP_SHADOW[0]), 0, 1)
    whole = (size_px, size_px)
    map_px = cv2.resize(place, whole, interpolation=cv2.INTER_LINEAR)
    albedo = cv2.remap(face.light, map_px, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    albedo /= np.maximum(cv2.resize(shade_texels, whole, interpolation=cv2.INTER_LINEAR), 1e-4)

    vertex_albedo, vertex_seen = (
        face.vertex_colors() / np.maximum(shade, 1e-4),
        face.vertex_weights() * allowed,
    )
    difference = np.log(np.maximum(vertex_albedo, 1e-3)) - expected
    tolerance = tolerance.suited_to(difference, vertex_seen * regions.face)
    judged = _judge(albedo, atlas, np.concatenate([expected, tolerance.stacked()], axis=1), hair, regions)
    weight = seen * cv2.resize(judged, (atlas.size_px, atlas.size_px), interpolation=cv2.INTER_LINEAR)
    weight = _feathered(weight)
    rows, columns = atlas.vertex_texels.T
    vertex_weight = vertex_seen * weight[rows, columns]
    return PhotoTexture(
        albedo=albedo,
        weight=weight,
        detail_px=float(np.ptp(points_px[:, 1])),
        vertex_albedo=vertex_albedo,
        vertex_weight=vertex_weight.astype(float),
    )


def _judge(
    albedo: np.ndarray, atlas: Atlas, expected: np.ndarray, hair: HairColor, regions: FaceRegions
) -> Float[np.ndarray, "judged judged"]:
    """Which of the colours are believed, at a reduced size."""
    import cv2

    small = (_JUDGED_PX, _JUDGED_PX)
    step = max(1, atlas.size_px // _JUDGED_PX)
    corners = atlas.corners[step // 2 :: step, step // 2 :: step]
    places = atlas.barycentric[step // 2 :: step, step // 2 :: step]
    values = np.concatenate([expected, regions.hairline[:, None]], axis=1).astype(np.float32)
    fields = sum(values[corners[..., k]] * places[..., k, None] for k in range(3))
    assert isinstance(fields, np.ndarray)
    if fields.shape[:2] != small:
        fields = cv2.resize(fields, small, interpolation=cv2.INTER_LINEAR)
    reduced = np.maximum(cv2.resize(albedo, small, interpolation=cv2.INTER_AREA), 1e-3)
    light = np.log(reduced)
    believed = trust(light - fields[..., :3], fields[..., 3:6]).astype(np.float32)
    if hair.coverage > 0:
        as_hair = trust(light - np.log(hair.color).astype(np.float32), HAIR_TOLERANCE.astype(np.float32))
        believed = np.maximum(believed, as_hair * fields[..., 6])
    # Single doubtful texels are moles and wrinkles; doubtful patches are something else, with their edges.
    opened = cv2.medianBlur(np.round(255 * believed).astype(np.uint8), 5)
    worn = cv2.erode(opened, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    return cv2.GaussianBlur(worn.astype(np.float32) / 255, (0, 0), 1.5)


def _feathered(weight: np.ndarray) -> np.ndarray:
    """The weight, brought down to zero softly before its edges."""
    import cv2

    radius = max(1, round(len(weight) / 256))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    # Thin lines of doubt, as beside the nose, would cut a feature in two; what is beside them fills them.
    whole = cv2.morphologyEx(weight, cv2.MORPH_CLOSE, kernel)
    inner = cv2.GaussianBlur(cv2.erode(whole, kernel), (0, 0), radius)
    return np.minimum(whole, inner)
