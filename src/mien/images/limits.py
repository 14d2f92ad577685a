"""How large a picture may be, told from its header before anything is decoded."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.reading.damage import damage_named

MAX_PIXELS = 120_000_000
"""Larger pictures are refused; the largest sensors of cameras have 102 and of most phones 108 million."""
MAX_SIDE_PX = 65_535
"""JPEG's limit; longer ones are not photographs."""
FREE_PIXELS, MAX_PIXELS_A_BYTE = 12_500_000, 100
"""Pictures with more pixels than the first must not hold more than the second for each byte of their file:
photographs have about 5, and a few kilobytes that unpack to gigabytes have thousands."""
MAX_FRAME_PIXELS = 36_000_000
"""Of a video: 8K has 33 million."""

PICTURE_FORMATS = (
    "JPEG", "PNG", "MPO", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "JPEG2000", "AVIF", "HEIF", "HEIC",
    "TGA", "ICO", "PCX", "QOI",
)  # fmt: skip
"""Of pictures that are read. Pillow knows more, among them some that it hands to other programs (EPS)."""
VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,h264,hevc,"
    "m4v,mjpeg,yuv4mpegpipe,webp,webp_pipe,wav,mp3,aac,flac"
)
"""Of videos that are read, and of sound that is refused as such, as FFmpeg names them. It knows more, among
them lists that name other files."""


def picture_formats() -> tuple[str, ...]:
    """Those of `PICTURE_FORMATS` that this Pillow has."""
    from PIL import Image

    Image.init()
    return tuple(name for name in PICTURE_FORMATS if name in Image.OPEN)


def video_options() -> dict[str, str]:
    """FFmpeg's options that keep it to the file itself: no lists of other files, no network."""
    return {"format_whitelist": VIDEO_FORMATS, "protocol_whitelist": "file"}


def check_pixel_count(width_px: int, height_px: int, *, file_bytes: int | None, source: str | Path) -> None:
    """Refuse a picture that would take too much memory.

    Args:
        file_bytes: size of what it is decoded from; None where that is not known.

    Raises:
        InputError: it has no or too many pixels; the message says how many, and the limit.
    """
    pixels = width_px * height_px
    size = f"has {width_px} × {height_px} pixels"
    if width_px < 1 or height_px < 1:
        raise InputError(f"{size}, and so nothing to see", source=source)
    if pixels > MAX_PIXELS:
        raise too_many_pixels(pixels, source=source, size=f"{width_px} × {height_px} pixels, ")
    if max(width_px, height_px) > MAX_SIDE_PX:
        raise InputError(
            f"{size}; mien reads sides of up to {MAX_SIDE_PX}, scale it down or cut it first", source=source
        )
    if file_bytes is not None and pixels > max(FREE_PIXELS, MAX_PIXELS_A_BYTE * file_bytes):
        raise InputError(
            f"{size} in {file_bytes} bytes, which no photograph has: above {FREE_PIXELS / 1e6:g} "
            f"million pixels mien reads up to {MAX_PIXELS_A_BYTE} a byte; scale it down first",
            source=source,
        )


def too_many_pixels(count: int | None, *, source: str | Path, size: str = "") -> InputError:
    """The error for a picture of so many pixels."""
    many = "far too many" if count is None else f"{count / 1e6:.0f} million"
    return InputError(
        f"has {size}{many} pixels; mien reads up to {MAX_PIXELS // 1_000_000} million, scale it down first",
        source=source,
    )


def check_frame_size(width_px: int, height_px: int, *, source: str | Path) -> None:
    """Refuse a video whose frames would take too much memory.

    Raises:
        InputError: the frames have no or too many pixels; the message says how many, and the limit.
    """
    size = f"has frames of {width_px} × {height_px} pixels"
    if width_px < 1 or height_px < 1:
        raise InputError(f"{size}, and so nothing to see", source=source)
    if width_px * height_px > MAX_FRAME_PIXELS:
        raise InputError(
            f"{size}; mien reads up to {MAX_FRAME_PIXELS // 1_000_000} million a frame, scale it down first",
            source=source,
        )


def decoded_picture(
    content: bytes | UInt8[np.ndarray, " bytes"], *, source: str | Path, grey: bool = False
) -> UInt8[np.ndarray, "height width *channels"]:
    """A JPEG or PNG in memory, its size checked before it is decoded: (H, W, 3) RGB, or (H, W) grey.

    Raises:
        InputError: it is no such picture, is damaged, or is too large.
    """
    import cv2
    from PIL import Image

    content = np.asarray(content, np.uint8).tobytes() if isinstance(content, np.ndarray) else content
    with damage_named(source, "is no picture (JPEG or PNG)"):
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
            check_pixel_count(opened.width, opened.height, file_bytes=len(content), source=source)
        how = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), how)
        if picture is None:
            raise InputError("is no picture (JPEG or PNG)", source=source)
        return np.asarray(picture if grey else np.ascontiguousarray(picture[..., ::-1]), np.uint8)
