"""A part of a picture at another size, and where points and cameras come to lie in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera


@dataclass(frozen=True)
class Viewport:
    """A window of a picture, enlarged or reduced.

    Attributes:
        left_px, top_px, width_px, height_px: the window in whole pixels of the picture.
        out_width_px, out_height_px: size that it is drawn at.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    out_width_px: int
    out_height_px: int

    @staticmethod
    def whole(width_px: int, height_px: int, *, scale: float = 1.0) -> Viewport:
        """The whole picture."""
        out = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        return Viewport(0, 0, width_px, height_px, *out)

    @staticmethod
    def around(
        points_px: Float[np.ndarray, "n 2"],
        *,
        width_px: int,
        height_px: int,
        margin: float,
        out_height_px: int,
    ) -> Viewport:
        """The points' box with a margin (a share of its longer side), kept inside the picture.

        Args:
            width_px, height_px: size of the picture.
        """
        finite = points_px[np.isfinite(points_px).all(axis=1)]
        if not len(finite):
            return Viewport.whole(width_px, height_px, scale=out_height_px / height_px)
        low, high = finite.min(axis=0), finite.max(axis=0)
        extra = margin * float((high - low).max())
        left, top = np.maximum(np.floor(low - extra).astype(int), 0)
        right, bottom = np.minimum(np.ceil(high + extra).astype(int) + 1, (width_px, height_px))
        if right - left < 2 or bottom - top < 2:  # the points lie outside the picture
            return Viewport.whole(width_px, height_px, scale=out_height_px / height_px)
        width, height = int(right - left), int(bottom - top)
        return Viewport(
            int(left), int(top), width, height, max(1, round(width * out_height_px / height)), out_height_px
        )

    @property
    def scale(self) -> Float[np.ndarray, 2]:
        """Drawn pixels per picture pixel, horizontally and vertically."""
        return np.array([self.out_width_px / self.width_px, self.out_height_px / self.height_px])

    def points(self, points_px: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Points of the picture in the window; both have pixel (0, 0) at a pixel's centre."""
        return (points_px - (self.left_px, self.top_px) + 0.5) * self.scale - 0.5

    def camera(self, camera: Camera) -> Camera:
        """The camera whose picture the window is."""
        shift = np.eye(3)
        shift[:2, :2] = np.diag(self.scale)
        shift[:2, 2] = (0.5 - np.array([self.left_px, self.top_px])) * self.scale - 0.5
        return replace(
            camera,
            intrinsics=shift @ camera.intrinsics,
            width_px=self.out_width_px,
            height_px=self.out_height_px,
        )

    def image(
        self, image: UInt8[np.ndarray, "height width 3"]
    ) -> UInt8[np.ndarray, "out_height out_width 3"]:
        """The window's pixels."""
        import cv2

        part = image[
            max(self.top_px, 0) : self.top_px + self.height_px,
            max(self.left_px, 0) : self.left_px + self.width_px,
        ]
        pad_left, pad_top = max(-self.left_px, 0), max(-self.top_px, 0)
        pad_right = self.width_px - part.shape[1] - pad_left
        pad_bottom = self.height_px - part.shape[0] - pad_top
        if pad_left or pad_top or pad_right or pad_bottom:
            part = np.pad(part, ((pad_top, pad_bottom), (pad_left, pad_right), (0, 0)))
        size = (self.out_width_px, self.out_height_px)
        if size == (self.width_px, self.height_px):
            return part.copy()
        method = cv2.INTER_AREA if self.out_width_px < self.width_px else cv2.INTER_CUBIC
        return cv2.resize(np.ascontiguousarray(part), size, interpolation=method)
