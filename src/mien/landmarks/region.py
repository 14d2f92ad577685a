"""The square of a picture that the landmark network looks at, and the way there and back.

Three frames meet here: the picture (pixels), the crop (pixels of a size × size picture) and the network's
frame, in which the crop spans [-1, 1]. Pixel (0, 0) is the centre of the top-left pixel everywhere, so the
network's -1 is the crop's -0.5 and its +1 the crop's size - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.errors import InputError, ShapeError

SIDE_PER_RADIUS = 4.4
"""Side of a face's region over the root-mean-square distance of its face points from their centroid."""

_SMALLEST_SIDE_PX = 1.0


@dataclass(frozen=True)
class Region:
    """A square in a picture, rotated in the picture's plane.

    Attributes:
        center_px: (2,) centre in the picture, pixels.
        side_px: length of a side, pixels.
        roll_rad: rotation; positive when the region's up direction is rotated clockwise in the picture.
    """

    center_px: Float[np.ndarray, " 2"]
    side_px: float
    roll_rad: float = 0.0

    def __post_init__(self) -> None:
        if np.shape(self.center_px) != (2,):
            raise ShapeError("region centre", expected="(2,)", actual=np.shape(self.center_px))
        if not (np.isfinite(self.side_px) and self.side_px > 0 and np.isfinite(self.roll_rad)):
            raise InputError(
                f"a region needs a positive finite side and a finite roll, got {self.side_px} and "
                f"{self.roll_rad}; check the points that it was made from",
                source="region",
            )

    @property
    def axes(self) -> Float[np.ndarray, "2 2"]:
        """Rows: the picture directions (unit length) of the crop's +x (right) and +y (down)."""
        cosine, sine = np.cos(self.roll_rad), np.sin(self.roll_rad)
        return np.array([[cosine, sine], [-sine, cosine]])

    @property
    def corners_px(self) -> Float[np.ndarray, "4 2"]:
        """Picture positions of the top-left, top-right, bottom-right and bottom-left corners."""
        return self.network_to_picture(np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]))

    def scaled(self, factor: float) -> Region:
        """The same region with its side multiplied by `factor`."""
        return replace(self, side_px=self.side_px * factor)

    def in_scaled_picture(self, factor: float) -> Region:
        """This region in the picture resized by `factor` (pixel areas kept aligned, as cv2.resize does)."""
        return Region((self.center_px + 0.5) * factor - 0.5, self.side_px * factor, self.roll_rad)

    def network_to_picture(self, points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """Points in [-1, 1] of the crop to picture pixels."""
        return self.center_px + (points * (self.side_px / 2)) @ self.axes

    def picture_to_network(self, points_px: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
        """Picture pixels to [-1, 1] of the crop."""
        return (points_px - self.center_px) @ self.axes.T / (self.side_px / 2)

    def to_crop(self, points_px: Float[np.ndarray, "*n 2"], size: int) -> Float[np.ndarray, "*n 2"]:
        """Picture pixels to pixels of the size × size crop."""
        return (self.picture_to_network(points_px) + 1) * (size / 2) - 0.5

    def to_picture(self, points_crop_px: Float[np.ndarray, "*n 2"], size: int) -> Float[np.ndarray, "*n 2"]:
        """Pixels of the size × size crop to picture pixels: the inverse of `to_crop`."""
        return self.network_to_picture((points_crop_px + 0.5) * (2 / size) - 1)

    def crop(self, image: UInt8[np.ndarray, "height width 3"], size: int) -> UInt8[np.ndarray, "size size 3"]:
        """The region's content warped upright to size × size; outside the picture its edge goes on.

        This disturbs a landmark network least: the points of a closely cut face move two thirds as far as
        before black (docs/results/landmarks.md).

        Shrinking is antialiased: whole-number factors by area averaging of the region's surroundings, the
        rest by drawing at twice the size and averaging.
        """
        import cv2

        factor = max(1, int(self.side_px / size))
        source, region = _surroundings(image, self) if factor == 1 else _shrunk(image, self, factor)
        doubled = region.side_px > 1.25 * size
        drawn = 2 * size if doubled else size
        step = region.side_px / drawn
        linear = step * region.axes.T
        first = region.to_picture(np.zeros(2), drawn)
        picture_from_crop = np.column_stack([linear, first])
        warped = cv2.warpAffine(
            cv2.cvtColor(source, cv2.COLOR_RGB2RGBA),  # four channels are warped in half the time of three
            picture_from_crop,
            (drawn, drawn),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if doubled:
            warped = cv2.resize(warped, (size, size), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), np.uint8)


def _surroundings(image: np.ndarray, region: Region) -> tuple[np.ndarray, Region]:
    """The part of a picture that a region touches, a pixel more on every side, and the region in it."""
    height, width = image.shape[:2]
    corners = region.corners_px
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, low + 1, [width, height])
    part = image[low[1] : high[1], low[0] : high[0]]
    return part, replace(region, center_px=region.center_px - low)


def _shrunk(image: np.ndarray, region: Region, factor: int) -> tuple[np.ndarray, Region]:
    """The surroundings of a region averaged over factor × factor blocks, and the region in them.

    Blocks that lie beyond the picture in part are filled with its edge, so that the edge stays where it is.
    """
    import cv2

    height, width = image.shape[:2]
    corners = region.corners_px
    # of a region that lies wholly outside, the nearest line of the picture remains
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - factor, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + factor + 1, low + 1, [width, height])
    part = image[low[1] : high[1], low[0] : high[0]]
    blocks = -(-(high - low) // factor)
    missing = blocks * factor - (high - low)
    if np.any(missing):
        part = cv2.copyMakeBorder(part, 0, int(missing[1]), 0, int(missing[0]), cv2.BORDER_REPLICATE)
    small = cv2.resize(part, (int(blocks[0]), int(blocks[1])), interpolation=cv2.INTER_AREA)
    local = replace(region, center_px=region.center_px - low)
    return np.asarray(small, np.uint8), local.in_scaled_picture(1 / factor)


def region_from_points(points_px: Float[np.ndarray, "landmarks 2"], set_name: str = "dense320") -> Region:
    """The region that frames a face: upright along mouth → eyes, around the face points, by their spread.

    Args:
        points_px: (L, 2) landmarks in the picture, pixels.
        set_name: their landmark set.

    Raises:
        LandmarkSetError: the set is unknown.
        InputError: a point is not finite, or there are fewer than the set has.
    """
    from mien.heads.landmark_sets import landmark_groups

    groups = landmark_groups(set_name)
    points_px = np.asarray(points_px, float)
    try:
        left_px, right_px = _mean(points_px[groups["left_eye"]]), _mean(points_px[groups["right_eye"]])
        up_px = (left_px + right_px) / 2 - _mean(points_px[groups["mouth"]])
        return region_around(points_px[groups["face"]], up_px=up_px)
    except IndexError as error:
        raise InputError(
            f"has {len(points_px)} points, fewer than the set {set_name}; name the set that they are of",
            source="landmarks",
        ) from error


def _mean(points_px: np.ndarray) -> np.ndarray:
    return np.add.reduce(points_px) / len(points_px)


def region_around(face_points_px: Float[np.ndarray, "points 2"], *, up_px: Float[np.ndarray, " 2"]) -> Region:
    """The region around face points whose up direction in the picture (x right, y down) is `up_px`."""
    center_px = _mean(face_points_px)
    offsets_px = face_points_px - center_px
    radius_px = float(np.sqrt(np.vdot(offsets_px, offsets_px) / len(offsets_px)))
    roll_rad = float(np.arctan2(up_px[0], -up_px[1])) if np.any(up_px) else 0.0
    side_px = SIDE_PER_RADIUS * radius_px
    # in this order max() keeps a NaN, which Region then complains about
    return Region(center_px, max(side_px, _SMALLEST_SIDE_PX), roll_rad)
