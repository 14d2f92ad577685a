"""Eyes: the iris's colour read from a picture, sclera, iris and pupil drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.geometry.alignment import Similarity, align_similarity
from mien.looks.atlas import Atlas
from mien.looks.colors import LUMINANCE
from mien.looks.face_in_picture import FaceInPicture
from mien.looks.illumination import Illumination
from mien.looks.materials import vertices_of

IRIS_RAD, PUPIL_SHARE = float(np.arcsin(0.4875)), 0.34
"""Angle of the iris's rim seen from the eyeball's centre (11.7 mm of a 24 mm ball), and the pupil's share."""
DARK_BROWN = np.array([0.075, 0.038, 0.020])
SCLERA, RIM_OF_LID = np.array([0.56, 0.51, 0.475]), np.array([0.42, 0.20, 0.16])
PRIOR_PIXELS = 8.0
"""The usual dark brown counts as this many pixels of an iris."""
WHITES_LIT, IRIS_LIT, SHADOW_OF_LIDS = 0.55, 0.72, 0.72
"""Share of the face's light that falls on the whites and on the iris between the lids; and what is drawn of
that shadow into the texture, since few renderers cast it."""


USUAL_WHITES, WHITES_RANGE = 0.9, (0.55, 1.15)
"""How bright whites are drawn where none are seen, and the least and most."""


@dataclass(frozen=True)
class IrisColor:
    """Colour of the irises, and of what is about them.

    Attributes:
        color: (3,) linear albedo.
        sigma: standard deviation of its logarithm; large where nothing was seen.
        whites: brightness of the whites, 1 for well-lit ones.
    """

    color: Float[np.ndarray, " 3"]
    sigma: float
    whites: float = USUAL_WHITES


def usual_iris() -> IrisColor:
    """What is assumed of a person of whom nothing is seen: the commonest colour."""
    return IrisColor(DARK_BROWN, 0.9)


def read_iris(face: FaceInPicture, light: Illumination) -> IrisColor:
    """The colour between pupil and rim of both eyes, lids, lashes and reflections left out."""
    pixels = _eye_pixels(face, PUPIL_SHARE + 0.16, 0.82)
    usual, whites = usual_iris(), _brightness_of_whites(face, light)
    if len(pixels) < 4:
        return replace(usual, whites=whites)
    luminance = pixels @ LUMINANCE
    low, high = np.percentile(luminance, [10, 60])
    chosen = pixels[(luminance >= low) & (luminance <= high)]
    level = light.mean * IRIS_LIT
    albedo = np.clip(np.median(chosen, axis=0) / level, 0.004, 0.5)
    trusted = len(chosen) / (len(chosen) + PRIOR_PIXELS)
    log_color = trusted * np.log(albedo) + (1 - trusted) * np.log(usual.color)
    return IrisColor(np.exp(log_color), 0.25 + 0.65 * (1 - trusted), whites)


def _brightness_of_whites(face: FaceInPicture, light: Illumination) -> float:
    """What makes drawn whites as bright as those in the picture."""
    pixels = _eye_pixels(face, 1.12, 1.6)
    if len(pixels) < 4:
        return USUAL_WHITES
    drawn = SCLERA * SHADOW_OF_LIDS * light.mean @ LUMINANCE
    return float(np.clip(np.percentile(pixels @ LUMINANCE, 68) / drawn, *WHITES_RANGE))


def light_on_eyes(face: FaceInPicture) -> Float[np.ndarray, " 3"] | None:
    """(3,) strength of the light on the face, judged by the whites of the eyes; None when too small.

    Whites are the one thing in a face that has nearly the same colour in everybody.
    """
    pixels = _eye_pixels(face, 1.15, 1.75)
    if len(pixels) < 10:
        return None
    luminance = pixels @ LUMINANCE
    bright = pixels[luminance >= np.percentile(luminance, 60)]
    return np.median(bright, axis=0) / (SCLERA * WHITES_LIT)


def _eye_pixels(face: FaceInPicture, inner: float, outer: float) -> Float[np.ndarray, "n 3"]:
    """Linear colours of the pixels in a ring about both pupils; its radii as shares of the iris's."""
    head = face.head
    eyes = vertices_of(head, "eyes")
    found = [np.zeros((0, 3))]
    for joint in (2, 3):
        ball = eyes & (head.skinning_weights[:, joint] > 0.5)
        if ball.sum() >= 4:
            world_from_mean = align_similarity(head.mean_m[ball], face.vertices_m[ball])
            centre_m = head.joints_mean_m[joint]
            radius_m = float(np.median(np.linalg.norm(head.mean_m[ball] - centre_m, axis=1)))
            found.append(_ring_pixels(face, world_from_mean, centre_m, radius_m, inner, outer))
    return np.concatenate(found)


def _ring_pixels(
    face: FaceInPicture,
    world_from_mean: Similarity,
    centre_m: np.ndarray,
    radius_m: float,
    inner: float,
    outer: float,
) -> Float[np.ndarray, "n 3"]:
    """Pixels of the ring that the lids leave open, about as many as there are in the picture."""
    import cv2

    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    polar = IRIS_RAD * np.linspace(inner, outer, 8)[:, None]
    local = np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar) + 0 * turn], axis=-1
    ).reshape(-1, 3)
    points_m = world_from_mean.apply(centre_m + radius_m * local)
    points_px = face.camera.project(points_m)
    depth_m = face.camera.to_camera(points_m)[:, 2]
    height, width = face.nearest_m.shape
    if not np.isfinite(points_px).all():
        return np.zeros((0, 3))
    column = ((points_px[:, 0] + 0.5) * face.depth_scale).astype(int)
    row = ((points_px[:, 1] + 0.5) * face.depth_scale).astype(int)
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    column, row = np.clip(column, 0, width - 1), np.clip(row, 0, height - 1)
    open_to_view = inside & (depth_m < face.nearest_m[row, column] + 0.0025)
    width_px = float(np.ptp(points_px[:, 0]))
    if not open_to_view.any() or width_px < 2.5 * outer:
        return np.zeros((0, 3))
    sampled = cv2.remap(
        face.light,
        points_px[open_to_view, 0].astype(np.float32)[:, None],
        points_px[open_to_view, 1].astype(np.float32)[:, None],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[:, 0]
    # Samples lie closer than pixels in small pictures; a pixel counts once.
    area_px = np.pi / 4 * width_px**2 * (1 - (inner / outer) ** 2) * float(open_to_view.mean())
    return sampled[:: max(1, round(len(sampled) / max(area_px, 1)))].astype(float)


def draw_eyes(albedo: Float[np.ndarray, "size size 3"], atlas: Atlas, iris: IrisColor) -> None:
    """Draw sclera, iris and pupil into the eyes' texels of a texture, in place.

    Args:
        albedo: (S, S, 3) linear, float32.
        atlas: of the head, at the texture's size or below.
    """
    import cv2

    head, size_px = atlas.head, len(albedo)
    eyes = vertices_of(head, "eyes")
    if not eyes.any():
        return
    direction = np.zeros((head.vertex_count, 3))
    for joint in (2, 3):
        ball = eyes & (head.skinning_weights[:, joint] > 0.5)
        if ball.any():
            offset = head.mean_m[ball] - head.joints_mean_m[joint]
            direction[ball] = offset / np.linalg.norm(offset, axis=1, keepdims=True)
    marked = eyes[atlas.corners[..., 0]]
    rows, columns = np.nonzero(marked)
    if not len(rows):
        return
    scale = size_px / atlas.size_px
    top, bottom = int(rows.min() * scale), int((rows.max() + 1) * scale)
    left, right = int(columns.min() * scale), int((columns.max() + 1) * scale)
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    corners, places = atlas.corners[window], atlas.barycentric[window]
    small = sum(direction[corners[..., k]].astype(np.float32) * places[..., k, None] for k in range(3))
    shape = (right - left, bottom - top)
    vectors = cv2.resize(np.asarray(small), shape, interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(marked[window].astype(np.uint8), shape, interpolation=cv2.INTER_NEAREST) > 0
    drawn = _eye_colors(vectors[mask], iris)
    albedo[top:bottom, left:right][mask] = drawn


def _eye_colors(vectors: np.ndarray, iris: IrisColor) -> np.ndarray:
    """(N, 3) linear colours in the directions from the eyeballs' centres, +z the line of sight."""
    length = np.maximum(np.linalg.norm(vectors, axis=1), 1e-6)
    x, y, z = (vectors / length[:, None]).T
    polar, turn = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    radius = polar / IRIS_RAD
    colors = iris.whites * _white(polar, turn)
    within = np.flatnonzero(radius < _LIMBUS[1])
    edge = _ramp(*_LIMBUS, radius[within])[:, None]
    colors[within] = _iris(radius[within], turn[within], iris.color) * (1 - edge) + colors[within] * edge
    lit = SHADOW_OF_LIDS * (1 - 0.5 * _ramp(0.0, 0.36, y) - 0.2 * _ramp(0.2, 0.6, np.abs(x)))
    return (colors * lit[:, None]).astype(np.float32)


_LIMBUS = (0.95, 1.08)
"""Between these shares of the iris's radius it goes over into the white."""
_FIBRES = np.array([9, 14, 21, 27, 34, 40, 47, 55, 63, 70, 78, 90])
_PHASES = np.random.default_rng(0).uniform(0, 2 * np.pi, len(_FIBRES))


def _iris(radius: np.ndarray, turn: np.ndarray, color: np.ndarray) -> np.ndarray:
    """(N, 3) pupil, fibres, the ring about the pupil and the dark rim."""
    fibres = np.zeros_like(radius)
    for count, phase in zip(_FIBRES, _PHASES, strict=True):
        fibres += np.cos(count * turn + phase + 2.0 * np.sin(3 * radius + phase)) / len(_FIBRES) ** 0.5
    collarette = np.exp(-(((radius - 0.52) / 0.10) ** 2))
    brightness = 1 + 0.22 * fibres * np.clip((radius - 0.3) / 0.2, 0, 1) + 0.35 * collarette
    brightness *= 1 - 0.62 * _ramp(0.78, 1.0, radius)
    colored = color * np.clip(brightness, 0.2, 2.0)[:, None]
    colored = colored + 0.35 * collarette[:, None] * color * np.array([0.35, 0.1, -0.2])
    pupil = 1 - _ramp(PUPIL_SHARE - 0.03, PUPIL_SHARE + 0.04, radius)[:, None]
    return colored * (1 - pupil) + 0.004 * pupil


def _white(polar: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """(N, 3) the sclera, with veins and redder towards the lids' corners."""
    veins = np.zeros_like(polar)
    for count, phase in zip((7, 11, 17), _PHASES, strict=False):
        veins += np.exp(-((np.sin(count * turn / 2 + phase + 1.5 * np.sin(4 * polar + phase)) / 0.08) ** 2))
    outward = _ramp(0.75, 1.5, polar)[:, None]
    white = SCLERA * (1 - 0.10 * outward)
    return white + outward * (0.25 + 0.25 * np.clip(veins, 0, 1)[:, None]) * (RIM_OF_LID - white)


def _ramp(low: float, high: float, value: np.ndarray) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
