"""How stored pixels are turned and mirrored to be seen: EXIF's orientation, a video's display matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien.cameras import Camera


@dataclass(frozen=True)
class Turn:
    """A change of rows for columns, and then of directions.

    Attributes:
        transposed: rows become columns.
        rows_reversed, columns_reversed: after that, top for bottom and left for right.
    """

    transposed: bool = False
    rows_reversed: bool = False
    columns_reversed: bool = False

    @staticmethod
    def of_exif(orientation: int) -> Turn:
        """Of EXIF's tag 0x0112, 1 … 8; nothing is turned for any other number."""
        turns = {
            2: (False, False, True),
            3: (False, True, True),
            4: (False, True, False),
            5: (True, False, False),
            6: (True, False, True),
            7: (True, True, True),
            8: (True, True, False),
        }
        return Turn(*turns.get(orientation, ()))

    @staticmethod
    def of_display_matrix(matrix: Sequence[int]) -> Turn:
        """Of a video's nine numbers a, b, u, c, d, v, x, y, w: (x, y) is shown at (a x + c y, b x + d y).

        Turns that are not by quarters count as the nearest.
        """
        a, b, _, c, d = matrix[:5]
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return Turn(False, d < 0, a < 0)
        return Turn(True, b < 0, c < 0)

    @property
    def mirrors(self) -> bool:
        """Whether left and right change sides, beside what is turned."""
        return self.transposed ^ self.rows_reversed ^ self.columns_reversed

    @property
    def clockwise_deg(self) -> int:
        """0, 90, 180 or 270; of a picture that is mirrored too, the turn before its columns are reversed."""
        reversed_columns = self.columns_reversed ^ self.mirrors
        if self.transposed:
            return 90 if reversed_columns else 270
        return 180 if self.rows_reversed else 0

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """(H, W, …) stored pixels as they are to be seen."""
        if self.transposed:
            image = image.swapaxes(0, 1)
        if self.rows_reversed:
            image = image[::-1]
        if self.columns_reversed:
            image = image[:, ::-1]
        return np.ascontiguousarray(image)

    def size_px(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Width and height after it."""
        return (height_px, width_px) if self.transposed else (width_px, height_px)

    def camera(self, camera: Camera) -> Camera:
        """The camera that sees the turned picture of the same world: it is turned about its axis.

        No camera sees a mirrored world: `mirrors` must be False.
        """
        assert not self.mirrors
        width_px, height_px = self.size_px(camera.width_px, camera.height_px)
        directions = [-1.0 if self.columns_reversed else 1.0, -1.0 if self.rows_reversed else 1.0]
        turned = np.diag(directions) @ (np.eye(2)[::-1] if self.transposed else np.eye(2))
        pixels = np.eye(3)
        pixels[:2, :2] = turned
        pixels[0, 2] = width_px - 1 if self.columns_reversed else 0
        pixels[1, 2] = height_px - 1 if self.rows_reversed else 0
        about_axis = np.eye(4)
        about_axis[:2, :2] = turned
        return replace(
            camera,
            intrinsics=pixels @ camera.intrinsics @ about_axis[:3, :3].T,
            camera_from_world=about_axis @ camera.camera_from_world,
            width_px=width_px,
            height_px=height_px,
        )
