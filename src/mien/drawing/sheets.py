"""Several pictures as one: strips and contact sheets with captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError

_BACKGROUND = (24, 26, 30)
_INK = (235, 238, 242)
_GAP_PX = 6


def write_line(
    image: UInt8[np.ndarray, "height width 3"],
    text: str,
    at_px: tuple[int, int],
    color: tuple[int, int, int],
    size: float,
) -> None:
    """One line of text in place, its left end of the base line at (x, y), legible on any background."""
    import cv2

    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(1.6 * size))
    plain = text.encode("ascii", "replace").decode()  # OpenCV's fonts know no other letters
    # The outline is the same text shifted: in some OpenCV versions a thicker text is also a wider one.
    for right, down in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        shifted = (at_px[0] + right, at_px[1] + down)
        cv2.putText(image, plain, shifted, font, size, (0, 0, 0), thickness, cv2.LINE_AA)
    cv2.putText(image, plain, at_px, font, size, color, thickness, cv2.LINE_AA)


def caption(image: UInt8[np.ndarray, "height width 3"], text: str) -> UInt8[np.ndarray, "height width 3"]:
    """A copy with the text at the lower left; long texts are cut."""
    import cv2

    size = float(np.clip(image.shape[1] / 700, 0.35, 0.9))
    margin_px = round(12 * size) + 2
    while len(text) > 4:
        (width_px, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 2)
        if width_px <= image.shape[1] - 2 * margin_px:
            break
        text = text[:-4] + "..."
    out = image.copy()
    write_line(out, text, (margin_px, image.shape[0] - margin_px), _INK, size)
    return out


def beside(images: Sequence[UInt8[np.ndarray, "height _ 3"]]) -> UInt8[np.ndarray, "height width 3"]:
    """Pictures of the same height in a row with thin gaps."""
    gap = np.full((images[0].shape[0], _GAP_PX, 3), _BACKGROUND, dtype=np.uint8)
    pieces = [piece for image in images for piece in (image, gap)]
    return np.concatenate(pieces[:-1], axis=1)


@checked_call
def contact_sheet(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    *,
    columns: int = 4,
    captions: Sequence[str] | None = None,
    cell_px: int | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """Pictures of any sizes in rows of equal cells, each reduced or enlarged to fit its cell.

    Args:
        images: (H, W, 3) uint8 RGB each.
        columns: cells of a row.
        captions: one for each picture.
        cell_px: longer side of a cell; that of the largest picture, at most 640, if not given.

    Returns:
        (H', W', 3) uint8 RGB.

    Raises:
        InputError: no picture, or not one caption for each.
    """
    import cv2

    if not images:
        raise InputError("a contact sheet needs at least one picture")
    if captions is not None and len(captions) != len(images):
        raise InputError(f"expected {len(images)} captions, one for each picture, got {len(captions)}")
    longest_px = cell_px or min(640, max(max(image.shape[:2]) for image in images))
    scales = [longest_px / max(image.shape[:2]) for image in images]
    sizes = [
        (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        for image, scale in zip(images, scales, strict=True)
    ]
    cell_width, cell_height = max(width for width, _ in sizes), max(height for _, height in sizes)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full(
        (rows * (cell_height + _GAP_PX) + _GAP_PX, columns * (cell_width + _GAP_PX) + _GAP_PX, 3),
        _BACKGROUND,
        dtype=np.uint8,
    )
    for index, (image, size, scale) in enumerate(zip(images, sizes, scales, strict=True)):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = cv2.resize(np.ascontiguousarray(image), size, interpolation=method)
        if captions is not None:
            small = caption(small, captions[index])
        row, column = divmod(index, columns)
        left = _GAP_PX + column * (cell_width + _GAP_PX) + (cell_width - size[0]) // 2
        top = _GAP_PX + row * (cell_height + _GAP_PX) + (cell_height - size[1]) // 2
        sheet[top : top + size[1], left : left + size[0]] = small
    return sheet
