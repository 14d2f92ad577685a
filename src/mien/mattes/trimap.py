"""From a fitted head to where its hair may be and may not be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.mattes.types import Trimap


@dataclass(frozen=True)
class MatteMargins:
    """What may belong to a head beyond its fitted skin, metres."""

    hair_m: float = 0.075
    """Around the whole head."""
    sure_m: float = 0.012
    """Of the fitted head's edge: pixels further inside than this are certainly head."""
    chin_m: float = 0.03
    """Below the chin: from here down hair, neck, shoulders and clothes are not told apart."""


_SHOULDERS_M = np.array([[-0.32, 0.32], [-0.75, 0.0], [-0.24, 0.16]])
"""Lower and upper bounds of a body about the head, x, y and z in the head's frame; y up to the chin."""


def head_trimap(
    parameters: HeadParameters, camera: Camera, head: Head, margins: MatteMargins | None = None
) -> Trimap:
    """Where a fitted head surely is in a picture, and where nothing of it can be.

    Args:
        parameters: the head in the camera's world, metres.
    """
    import cv2

    margins = margins or MatteMargins()
    vertices_m = head.vertices_m(parameters)
    pixels = camera.project(vertices_m)
    shape = camera.height_px, camera.width_px
    nothing = np.zeros(shape, bool)
    if not np.isfinite(pixels).any():
        return Trimap(nothing, ~nothing, nothing)
    skin = _drawn(pixels, head.triangles, shape)
    depth_m = float(np.median(camera.to_camera(vertices_m)[:, 2]))
    pixels_per_m = camera.focal_px / max(depth_m, 1e-6)
    body = _body(parameters, camera, vertices_m, margins)
    near = _grown(skin, margins.hair_m * pixels_per_m)
    # What lies above the chin hides the body, seen from wherever
    heights_m = (vertices_m - parameters.root_translation_m) @ _rotation(parameters)[:, 1]
    upper = heights_m > _chin_height_m(_local(parameters, vertices_m))
    face = _drawn(pixels, head.triangles[upper[head.triangles].all(axis=1)], shape)
    surely = cv2.erode(face.astype(np.uint8), _disc(margins.sure_m * pixels_per_m)) > 0
    return Trimap(surely, ~(near | body), body & ~surely)


def _drawn(pixels: np.ndarray, triangles: np.ndarray, shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Which pixels a mesh covers, whichever way its triangles face."""
    import cv2

    corners = pixels[triangles]
    corners = corners[np.isfinite(corners).all(axis=(1, 2))]
    out = np.zeros(shape, np.uint8)
    limit = 8 * max(shape)
    # One by one: drawn together, triangles that lie over each other would cancel out
    for corner in np.rint(np.clip(corners, -limit, limit)).astype(np.int32):
        cv2.fillConvexPoly(out, corner, 1)
    return out > 0


def _body(
    parameters: HeadParameters, camera: Camera, vertices_m: np.ndarray, margins: MatteMargins
) -> Bool[np.ndarray, "h w"]:
    """The picture of a block that holds neck, shoulders and hair below the chin.

    The block is cut off by a plane at the chin, so that what lies above it in the picture, seen from the
    front, is head.
    """
    import cv2

    rotation = _rotation(parameters)
    chin_m = _chin_height_m(_local(parameters, vertices_m))
    low, high = _SHOULDERS_M.T.copy()
    low[1] += chin_m
    high[1] = chin_m - margins.chin_m
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1])
                        for z in (low[2], high[2])])  # fmt: skip
    pixels = camera.project(corners @ rotation.T + parameters.root_translation_m)
    out = np.zeros((camera.height_px, camera.width_px), np.uint8)
    pixels = pixels[np.isfinite(pixels).all(axis=1)]
    if len(pixels) >= 3:
        limit = 8 * max(out.shape)
        hull = cv2.convexHull(np.rint(np.clip(pixels, -limit, limit)).astype(np.int32))
        cv2.fillConvexPoly(out, hull, 1)
    return out > 0


def _rotation(parameters: HeadParameters) -> Float[np.ndarray, "3 3"]:
    return matrix_from_rotation_vector(parameters.root_rotation)


def _local(parameters: HeadParameters, vertices_m: np.ndarray) -> Float[np.ndarray, "v 3"]:
    """Vertices in the head's own frame."""
    return (vertices_m - parameters.root_translation_m) @ _rotation(parameters)


def _chin_height_m(local_m: Float[np.ndarray, "v 3"]) -> float:
    """Height of the lowest point of the front of the face: what lies before most of the head."""
    front = local_m[:, 2] > local_m[:, 2].min() + 0.72 * np.ptp(local_m[:, 2])
    return float(local_m[front, 1].min())


def _disc(radius_px: float) -> np.ndarray:
    import cv2

    size = 2 * max(1, round(radius_px)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))


def _grown(mask: Bool[np.ndarray, "h w"], radius_px: float) -> Bool[np.ndarray, "h w"]:
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(~mask)) <= radius_px
