"""Reading photographs of every common kind into RGB uint8, upright."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError, MienError
from mien.images.exif import focal_lengths_of, orientation_of
from mien.images.limits import check_pixel_count, picture_formats, too_many_pixels
from mien.images.other_files import about_folder, phone_picture, what_takes
from mien.images.upright import Turn
from mien.reading.regular_files import check_regular

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture with what its file says about the camera.

    Attributes:
        image: (H, W, 3) RGB, upright.
        focal_px: focal length in pixels of `image`, from EXIF; None where the file does not say.
        source: where it came from.
        part_focal_px: the same if the picture was cut out of the one that its EXIF data are about; None where
            it was not.
        uncut: whether its EXIF data say that it is all that the lens saw.
        turn: what was done to the stored pixels to make `image` upright.
    """

    image: UInt8[np.ndarray, "height width 3"]
    focal_px: float | None
    source: Path
    part_focal_px: float | None = None
    uncut: bool = False
    turn: Turn = field(default_factory=Turn)

    def upright_camera(self, camera: Camera) -> Camera:
        """The camera of `image` for one of the stored pixels, to which programs that find cameras give them.

        A camera of another size than theirs is taken for one of `image`. So is any of a picture that is
        stored mirrored: no camera sees that.
        """
        stored = self.turn.size_px(self.image.shape[1], self.image.shape[0])
        if self.turn.mirrors or (camera.width_px, camera.height_px) != stored:
            return camera
        return self.turn.camera(camera)


@checked_call
def read_image(path: str | Path) -> UInt8[np.ndarray, "height width 3"]:
    """Read a picture as RGB with its EXIF orientation applied: (H, W, 3) uint8.

    Grey pictures become three equal channels, transparent ones are laid over white (where all is transparent,
    their colours are taken), 10, 12 and 16 bits become 8, palettes and CMYK are converted.
    Of an animation the first picture is taken.

    Args:
        path: a JPEG, PNG, WebP, AVIF, TIFF, BMP or GIF; HEIC where the package pillow-heif is installed.

    Raises:
        InputError: the file is missing, is not a picture, is damaged, or is too large.
    """
    return read_photo(path).image


@checked_call
def read_photo(path: str | Path) -> Photo:
    """Read a picture as `read_image` does, with the focal length that its EXIF data give.

    Args:
        path: as for `read_image`.

    Raises:
        InputError: as `read_image`.
    """
    path = Path(path)
    with opened_picture(path) as opened:
        opened.load()
        focal = focal_lengths_of(opened)
        turn = Turn.of_exif(orientation_of(opened))
        image = turn(rgb_pixels(opened))
    return Photo(
        image=image,
        focal_px=focal.whole_px,
        source=path,
        part_focal_px=focal.part_px,
        uncut=focal.uncut,
        turn=turn,
    )


def is_transparent(path: str | Path) -> bool:
    """Whether nothing of a picture would be seen: all of it is transparent.

    Raises:
        InputError: as `read_image`.
    """
    with opened_picture(Path(path)) as opened:
        return _has_alpha(opened) and opened.convert("RGBA").getchannel("A").getextrema()[1] == 0


@contextmanager
def opened_picture(path: Path) -> Iterator[Image.Image]:
    """A picture whose header is read. Whatever goes wrong inside is an error that names the file.

    Raises:
        InputError: the file is missing, is not a picture, is damaged, or is too large.
    """
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    _register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd EXIF data and of large pictures
            with Image.open(path, formats=picture_formats()) as opened:
                check_pixel_count(opened.width, opened.height, file_bytes=path.stat().st_size, source=path)
                yield opened
    except UnidentifiedImageError as error:
        raise InputError(
            what_takes(path) or _unreadable(path),
            source=path,
        ) from error
    except Image.DecompressionBombError as error:
        # Pillow says how many in words alone.
        count = re.search(r"\d+", str(error))
        raise too_many_pixels(int(count.group()) if count else None, source=path) from error
    except MienError:
        raise
    except Exception as error:  # Pillow reports damage with whatever its decoder ran into
        raise InputError(
            f"is damaged or incomplete ({error}); copy or download it again", source=path
        ) from error


def is_picture(path: Path) -> bool:
    """Whether a file begins as a picture that is read, whatever its name says."""
    try:
        with opened_picture(path):
            return True
    except InputError:
        return False


def check_file(path: Path) -> None:
    """Complain about a file that cannot be opened, before anybody tries to understand it.

    Raises:
        InputError: it is missing, a folder, empty, or may not be read.
    """
    try:
        if path.is_dir():
            raise InputError(about_folder(path), source=path)
        if check_regular(path, missing="does not exist; check the spelling and the folder") == 0:
            raise InputError("is empty (0 bytes); copy or download it again", source=path)
        with path.open("rb"):
            pass
    except ValueError as error:
        raise InputError("is no name that a file can have", source=path) from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(f"cannot be opened ({reason})", source=path) from error


def rgb_pixels(picture: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 of an open picture, as it is stored."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        return np.repeat(_eight_bits(np.asarray(picture))[:, :, None], 3, axis=2)
    deep = _deep_colors(picture)
    if deep is not None:
        return _eight_bits(deep)
    if _has_alpha(picture):
        picture = picture.convert("RGBA")
        if picture.getchannel("A").getextrema()[1] == 0:  # alpha that somebody forgot to fill
            return np.array(picture)[..., :3].copy()
        paper = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(paper, picture)
    return np.array(picture.convert("RGB"))  # a copy, so that the caller may write to it


def _deep_colors(picture: Image.Image) -> np.ndarray | None:
    """(H, W, 3) uint16 of a picture with 16 bits a colour; None for others.

    Pillow keeps the highest eight, which are empty where a camera of 10 bits wrote it: OpenCV reads all.
    """
    import cv2
    from PIL import Image

    name = getattr(picture, "filename", "")
    if picture.mode != "RGB" or picture.format not in ("PNG", "TIFF") or not name:
        return None
    with Image.open(name, formats=[picture.format]) as unread:  # once read, it no longer tells
        if not any(";16" in str(tile[3]) for tile in unread.tile):
            return None
    values = cv2.imdecode(np.fromfile(name, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3 or values.shape[2] != 3:
        return None
    return values[..., ::-1]


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """16- and 32-bit numbers in 8 bits: Pillow's own conversion would clip everything above 255 to white.

    Cameras of 10, 12 and 14 bits leave the highest bits of 16 empty: the brightest pixel says how many.
    """
    deep = np.nan_to_num(values.astype(np.float64))
    top = deep.max(initial=0.0)
    if values.dtype.kind == "f" and top <= 1.0:
        deep = deep * 255.0
    elif top > 255:
        white = next((2**bits - 1 for bits in (10, 12, 14, 16) if top < 2**bits), top)
        deep = deep * (255.0 / white)
    return np.clip(np.rint(deep), 0, 255).astype(np.uint8)


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _register_heif() -> None:
    """Let Pillow read HEIC where somebody has installed what it takes."""
    with contextlib.suppress(ImportError):
        from pillow_heif import register_heif_opener  # pyright: ignore[reportMissingImports]

        register_heif_opener()


def _unreadable(path: Path) -> str:
    return phone_picture(path) or (
        "is not a picture that can be read; give a JPEG, PNG, WebP, AVIF, TIFF, BMP or GIF"
    )
