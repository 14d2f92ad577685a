"""Soft mattes by colour: mixtures of Gaussians of the head and of what is around it (GrabCut: Rother,
Kolmogorov, Blake 2004), then edges that follow the picture's (guided filter: He, Sun, Tang 2010)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from mien.cameras import Camera
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.mattes.trimap import MatteMargins, head_trimap
from mien.mattes.types import Matte, Trimap

_NO_COLOR = (255, 0, 255)
_COMPONENTS = 5
"""Gaussians of each of OpenCV's two mixtures."""


@dataclass(frozen=True)
class MatteConfig:
    """How a matte is made."""

    margins: MatteMargins = field(default_factory=MatteMargins)
    """What may be hair around the fitted head."""
    sweeps: int = 3
    """Rounds of cutting and learning colours."""
    edge_m: float = 0.006
    """Width of a soft edge, on the head's surface."""
    near_m: float = 0.035
    """Pixels further than this from the fitted head are surroundings at first: where a picture is full of the
    head, hardly anything is surely not head, and everything would be near."""
    sure_log_odds: float = 3.0
    """Where the head's colours are this much likelier than the surroundings', or the other way round
    (logarithm),
    the matte is fully known."""


def head_matte(
    image: UInt8[np.ndarray, "height width 3"],
    parameters: HeadParameters,
    camera: Camera,
    *,
    head: Head | None = None,
    config: MatteConfig | None = None,
) -> Matte:
    """The soft matte of a head that was fitted to a picture: head, hair and neck down to below the chin.

    >>> fit = mien.fit_photo(image)[0]
    >>> matte = head_matte(image, fit.parameters, fit.camera)

    Args:
        image: (H, W, 3) uint8 RGB.
        parameters: the head in the camera's world (`HeadFit.parameters`, a frame of a track).
        camera: of this picture.
        head: whose parameters they are; the built-in one when None.
        config: margins and edges.

    Returns:
        The matte, (H, W); `known` is 0 on shoulders and wherever colours do not tell head and surroundings
        apart.
    """
    config = config or MatteConfig()
    trimap = head_trimap(parameters, camera, head or load_head(), config.margins)
    vertices_m = parameters.root_translation_m
    depth_m = max(float(camera.to_camera(vertices_m)[2]), 1e-6)
    return soft_matte(image, trimap, edge_px=config.edge_m * camera.focal_px / depth_m, config=config)


def soft_matte(
    image: UInt8[np.ndarray, "height width 3"],
    trimap: Trimap,
    *,
    edge_px: float = 2.0,
    config: MatteConfig | None = None,
) -> Matte:
    """A matte of what a trimap leaves open, by the colours of what it says.

    Args:
        edge_px: width of soft edges.
    """
    import cv2

    config = config or MatteConfig()
    nothing = np.zeros(image.shape[:2], np.float32)
    if trimap.inside.sum() < 16:
        return Matte(nothing, trimap.outside.astype(np.float32))
    if trimap.outside.sum() < 16:
        return Matte(trimap.inside.astype(np.float32), trimap.inside.astype(np.float32))
    labels = np.full(image.shape[:2], cv2.GC_PR_BGD, np.uint8)
    labels[_near(trimap, edge_px * config.near_m / config.edge_m)] = cv2.GC_PR_FGD
    labels[trimap.inside], labels[trimap.outside] = cv2.GC_FGD, cv2.GC_BGD
    bgr = np.ascontiguousarray(image[..., ::-1])
    behind, before = _learned_colors(bgr, labels, trimap.body, sweeps=config.sweeps)
    cv2.setRNGSeed(0)
    labels[trimap.body] = cv2.GC_PR_BGD
    nowhere = (0, 0, 1, 1)
    cv2.grabCut(bgr, labels, nowhere, behind, before, 1, cv2.GC_EVAL_FREEZE_MODEL)
    cut = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    alpha = guided(image, cut.astype(np.float32), radius_px=max(1, round(edge_px)))
    alpha = np.clip((alpha - 0.05) / 0.9, 0, 1)
    log_odds = _log_density(bgr, before) - _log_density(bgr, behind)
    agree = np.where(cut, log_odds, -log_odds) / config.sure_log_odds
    known = np.clip(agree, 0, 1).astype(np.float32)
    known = cv2.blur(known, (3, 3))
    alpha[trimap.inside], alpha[trimap.outside] = 1, 0
    known[trimap.inside | trimap.outside] = 1
    known[trimap.body] = 0
    return Matte(alpha.astype(np.float32), known)


def _learned_colors(
    bgr: UInt8[np.ndarray, "h w 3"],
    labels: UInt8[np.ndarray, "h w"],
    body: Bool[np.ndarray, "h w"],
    *,
    sweeps: int,
) -> tuple[Float[np.ndarray, "1 65"], Float[np.ndarray, "1 65"]]:
    """OpenCV's mixtures of the surroundings and of the head, from all but the body; `labels` gets the cut.

    The body is neither: as surroundings it would teach these the colours of dark hair, and as head those of
    the wall beside the neck. In one colour that no pixel has, it takes one of the surroundings' Gaussians.
    """
    import cv2

    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    painted = bgr.copy()
    painted[body], labels[body] = _NO_COLOR, cv2.GC_BGD
    cv2.setRNGSeed(0)
    cv2.grabCut(painted, labels, (0, 0, 1, 1), behind, before, sweeps, cv2.GC_INIT_WITH_MASK)
    return behind, before


def _near(trimap: Trimap, reach_px: float) -> Bool[np.ndarray, "h w"]:
    """Open pixels that lie nearer to the head than to the surroundings, and not far from it."""
    from scipy import ndimage

    to_inside = np.asarray(ndimage.distance_transform_edt(~trimap.inside))
    to_outside = np.asarray(ndimage.distance_transform_edt(~trimap.outside))
    return (to_inside < 0.7 * to_outside) & (to_inside < reach_px)


def _log_density(bgr: np.ndarray, model: Float[np.ndarray, "1 65"]) -> Float[np.ndarray, "h w"]:
    """Logarithm of a mixture's density at every pixel, flattened by noise of a few grey levels."""
    weights = model[0, :_COMPONENTS]
    means = model[0, _COMPONENTS : 4 * _COMPONENTS].reshape(_COMPONENTS, 3)
    covariances = model[0, 4 * _COMPONENTS :].reshape(_COMPONENTS, 3, 3)
    pixels = bgr.reshape(-1, 3).astype(float)
    total = np.full(len(pixels), 1e-12)
    for weight, mean, covariance in zip(weights, means, covariances, strict=True):
        if weight <= 0:
            continue
        covariance = covariance + 16.0 * np.eye(3)
        offset = pixels - mean
        distance = (offset @ np.linalg.inv(covariance) * offset).sum(axis=1)
        total += weight * np.exp(-0.5 * distance) / np.sqrt(np.linalg.det(covariance) * (2 * np.pi) ** 3)
    return np.log(total).reshape(bgr.shape[:2])


def guided(
    image: UInt8[np.ndarray, "h w 3"],
    values: Float32[np.ndarray, "h w"],
    *,
    radius_px: int,
    smooth: float = 1e-3,
) -> Float32[np.ndarray, "h w"]:
    """Values smoothed along a picture's own edges: in each window they are a linear function of its grey."""
    import cv2

    size = (2 * radius_px + 1,) * 2
    grey = image.astype(np.float32).mean(axis=2) / 255
    mean_grey, mean = cv2.blur(grey, size), cv2.blur(values, size)
    slope = (cv2.blur(grey * values, size) - mean_grey * mean) / (
        cv2.blur(grey * grey, size) - mean_grey**2 + smooth
    )
    level = mean - slope * mean_grey
    return cv2.blur(slope, size) * grey + cv2.blur(level, size)
