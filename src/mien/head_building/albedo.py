"""The albedo model: what MakeHuman's skins have in common on a head, and how they differ."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.errors import InputError
from mien.head_building.makehuman import MakeHuman
from mien.head_building.quad_skin import QuadSkin, build_quad_skin
from mien.heads.model import Head
from mien.images.photo import read_image
from mien.looks.albedo_model import LOG_STEPS, AlbedoModel, atlas_mark
from mien.looks.atlas import Atlas, atlas_of
from mien.looks.colors import LUMINANCE, linear_from_srgb
from mien.looks.face_regions import FaceRegions, face_regions
from mien.looks.surface_graph import smooth_field

PICTURE_PX, MODES = 1024, 6
PLAIN_SKIN = (0.38, 0.70)
"""A place on the chest in MakeHuman's skins."""
_DETAIL_SKIN = "young_lightskinned_male_diffuse.jpg"
"""Whose pores and stubble the pattern has: the mean of all skins has none left."""
_FINE_PX, _COARSE_PX = 0.8, 4.0
"""Of texels of the picture: the band of the fine relief."""


def build_albedo_model(
    head: Head,
    skins: Path,
    *,
    makehuman_uv: Float[np.ndarray, "triangles 3 2"],
    cards: UInt8[np.ndarray, "height width 4"] | None = None,
) -> AlbedoModel:
    """Bring the skins onto a head and learn their mean and main differences.

    Args:
        skins: folder of the skins' pictures.
        makehuman_uv: (T, 3, 2) where each corner of the head's triangles lies in them (v up).
        cards: (h, w, 4) hairs of brow and lash cards in some colour, and coverage; None for a head without.

    Raises:
        InputError: the folder holds no skins.
    """
    paths = sorted(skins.glob("*_diffuse*.jpg"))
    if not paths:
        raise InputError("holds no skins (*_diffuse.jpg)", source=skins)
    atlas, regions = atlas_of(head, PICTURE_PX), face_regions(head)
    place = np.einsum("rck,rckd->rcd", atlas.barycentric, makehuman_uv[atlas.triangle])
    fine, coarse, tones = [], [], []
    pictures = {path.name: read_image(path) for path in paths}
    finest_px = max(map(len, pictures.values()))
    for name, picture in pictures.items():
        log_picture = _resampled(picture, place)
        at_vertices = _at_vertices(atlas, log_picture, smooth_px=4)
        at_vertices = (at_vertices + at_vertices[head.mirror_vertices]) / 2
        tone = np.average(at_vertices, axis=0, weights=_plain_skin(regions))
        coarse.append(at_vertices - tone)
        tones.append(tone)
        if len(picture) == finest_px:
            fine.append((name, log_picture - tone))
    patterns, brightness = np.array(coarse), np.array(tones) @ LUMINANCE
    scalp = _scalp(head, regions, patterns[np.argsort(brightness)])
    patterns = np.stack([_without_hair(head, pattern, scalp) for pattern in patterns])
    mean = patterns.mean(axis=0)
    differences = (patterns - mean) * regions.skin[None, :, None]
    _, singular, basis = np.linalg.svd(differences.reshape(len(patterns), -1), full_matrices=False)
    modes = (singular[:MODES, None] * basis[:MODES] / np.sqrt(len(patterns) - 1)).reshape(MODES, -1, 3)

    detail = next((each for name, each in fine if name == _DETAIL_SKIN), fine[0][1])
    picture = _pattern_picture(atlas, mean, np.mean([each for _, each in fine], axis=0), detail, scalp)
    return AlbedoModel(
        head_name=head.name,
        head_version=head.version,
        atlas=atlas_mark(head),
        pattern=mean,
        modes=modes,
        scalp=scalp,
        roughness=_roughness(head, regions, scalp),
        pattern_picture=np.clip(np.round(128 + LOG_STEPS * picture), 0, 255).astype(np.uint8),
        height_picture=_height_picture(atlas, detail),
        card_picture=None if cards is None else _without_color(cards),
    )


def _without_color(cards: np.ndarray) -> np.ndarray:
    """(h, w, 2) brightness of hairs over their mean, times 128, and coverage."""
    light = linear_from_srgb(cards[..., :3]) @ LUMINANCE.astype(np.float32)
    cover = cards[..., 3].astype(np.float32)
    mean = float((light * cover).sum() / max(float(cover.sum()), 1e-6))
    shade = np.clip(np.round(128 * light / max(mean, 1e-6)), 0, 255).astype(np.uint8)
    return np.stack([shade, cards[..., 3]], axis=-1)


def places_on_skins(head: Head, makehuman: MakeHuman) -> Float[np.ndarray, "triangles 3 2"]:
    """(T, 3, 2) where each corner of the built-in head's triangles lies on MakeHuman's skins; what is no skin
    gets the place of plain skin.


    Raises:
        InputError: the head's skin is not the one that `quad_skin` makes.
    """
    return corners_on_skins(head, build_quad_skin(makehuman))


def corners_on_skins(head: Head, skin: QuadSkin) -> Float[np.ndarray, "triangles 3 2"]:
    """See `places_on_skins`.

    Raises:
        InputError: the head's skin is another one.
    """
    if not np.array_equal(head.quads[: len(skin.quads)], skin.quads):
        raise InputError(
            f"the head {head.name} {head.version} is not the one that this mien builds; build it first: mien "
            "head build"
        )
    corners = np.full((len(head.quads), 4, 2), PLAIN_SKIN)
    corners[: len(skin.quads)] = skin.makehuman_uv
    quad = head.quads[:, 3] >= 0
    return np.concatenate([corners[:, :3], corners[quad][:, [0, 2, 3]]])


def _resampled(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(S, S, 3) logarithm of the linear colours of a skin's picture in the head's atlas."""
    size_px = len(picture)
    columns = (place[..., 0] * size_px - 0.5).astype(np.float32)
    rows = ((1 - place[..., 1]) * size_px - 0.5).astype(np.float32)
    light = np.log(np.maximum(linear_from_srgb(picture), 0.004))
    return cv2.remap(light, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _blurred(atlas: Atlas, picture: np.ndarray, sigma_px: float) -> np.ndarray:
    """Smoothed within the charts alone."""
    inside = atlas.inside.astype(np.float32)
    total = cv2.GaussianBlur(picture * (inside[..., None] if picture.ndim == 3 else inside), (0, 0), sigma_px)
    share = np.maximum(cv2.GaussianBlur(inside, (0, 0), sigma_px), 1e-3)
    return total / (share[..., None] if picture.ndim == 3 else share)


def _at_vertices(atlas: Atlas, picture: np.ndarray, *, smooth_px: float) -> np.ndarray:
    rows, columns = atlas.vertex_texels.T
    return _blurred(atlas, picture, smooth_px)[rows, columns].astype(float)


def _plain_skin(regions: FaceRegions) -> np.ndarray:
    special = regions.lips + regions.eyes + regions.nostrils + regions.brows
    return regions.face * np.clip(1 - special, 0, 1) ** 4


def _scalp(head: Head, regions: FaceRegions, patterns: Float[np.ndarray, "skins vertices 3"]) -> np.ndarray:
    """(V,) where hair grows: on dark skins, which come first, it is painted black, on fair ones stubble; what
    is dark on both, as the ears' insides, is shadow."""
    luminance, some = patterns @ LUMINANCE, min(4, len(patterns) // 2)
    darkness, shadow = -luminance[:some].mean(axis=0), -luminance[some:].mean(axis=0)
    hairy = (darkness > 0.08) & (darkness > shadow + 0.05) & (regions.skin > 0) & (regions.face < 0.5)
    top = int(np.argmax(head.mean_m[:, 1] * (regions.skin > 0)))
    hairy = _connected(head, hairy, top)
    grown = np.where(hairy, np.clip((darkness - 0.02) / 0.35, 0, 1), 0)
    return np.clip(
        smooth_field(head, grown[:, None], regions.skin, stiffness=0.6, prior_weight=0.0)[:, 0], 0, 1
    )


def _connected(
    head: Head, chosen: Bool[np.ndarray, " vertices"], start: int
) -> Bool[np.ndarray, " vertices"]:
    """Those of the chosen vertices that edges between them lead to from one of them."""
    reached = np.zeros_like(chosen)
    reached[start] = True
    while True:
        touched = reached[head.triangles].any(axis=1)
        grown = reached.copy()
        grown[head.triangles[touched]] = True
        grown &= chosen | reached
        if grown.sum() == reached.sum():
            return reached
        reached = grown


def _without_hair(head: Head, pattern: np.ndarray, scalp: np.ndarray) -> np.ndarray:
    """The pattern with the scalp's skin as at its border, so that hair can be laid over it in any colour."""
    known = (scalp < 0.02).astype(float)
    filled = smooth_field(head, pattern, 20 * known, stiffness=1.0, prior_weight=1e-3, iterations=400)
    return np.where(scalp[:, None] > 0.01, filled, pattern)


def _pattern_picture(
    atlas: Atlas, mean: np.ndarray, skins: np.ndarray, detail: np.ndarray, scalp: np.ndarray
) -> np.ndarray:
    """Smooth mean, plus what all skins share of the middle sizes, plus one skin's pores."""
    hair = atlas.interpolate(scalp[:, None])
    shared = skins - _blurred(atlas, skins, 8)
    mirrored = cv2.remap(shared, atlas.mirror[..., 0], atlas.mirror[..., 1], cv2.INTER_LINEAR)
    shared = (shared + mirrored) / 2
    pores = (detail - _blurred(atlas, detail, _COARSE_PX)) @ LUMINANCE.astype(np.float32)
    return atlas.interpolate(mean) + shared * (1 - hair) + 0.7 * pores[..., None]


def _height_picture(atlas: Atlas, detail: np.ndarray) -> np.ndarray:
    luminance = detail @ LUMINANCE.astype(np.float32)
    band = cv2.GaussianBlur(luminance, (0, 0), _FINE_PX) - _blurred(atlas, luminance, _COARSE_PX)
    band *= atlas.inside
    spread = max(float(np.percentile(np.abs(band[atlas.inside]), 90)), 1e-6)
    return np.clip(np.round(128 + 40 * np.tanh(band / spread)), 0, 255).astype(np.uint8)


def _roughness(head: Head, regions: FaceRegions, scalp: np.ndarray) -> np.ndarray:
    """(V,) by hand: oily nose, forehead and chin, moist lips and lids, matt cheeks, neck and scalp."""
    points_m = head.mean_m[head.landmark_set("ibug68").vertices]
    nose = np.linalg.norm(head.mean_m - points_m[30], axis=1)
    middle = np.exp(-(((head.mean_m[:, 0] - points_m[27, 0]) / 0.022) ** 2)) * regions.face
    forehead = middle * np.clip((head.mean_m[:, 1] - points_m[27, 1]) / 0.02, 0, 1)
    oily = np.clip(np.exp(-((nose / 0.02) ** 2)) + forehead, 0, 1)
    value = 0.56 - 0.10 * oily + 0.10 * scalp
    value += regions.lips * (0.36 - value) + regions.eyes * (0.42 - value)
    return value
