"""A video, or a folder of pictures, without cameras: they are told from somebody who holds still."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from mien.cameras import Camera
from mien.captures.head_place import faces_in
from mien.captures.key_frames import choose_key_frames
from mien.captures.person import largest_faces
from mien.captures.still_person import StillPerson, cameras_of_still_person
from mien.errors import InputError
from mien.fields.posed_images import PosedImages
from mien.fitting.context import Context
from mien.landmarks.types import Landmarks2D
from mien.progress import ProgressReport, silent

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic")
VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".gif")
MOST_FRAMES = 180
"""Of a video, evenly spaced, in which faces are looked for."""
KEY_FRAMES = 48
LONGEST_SIDE_PX = 1280


@dataclass(frozen=True, eq=False)
class UnposedCapture:
    """Pictures with the cameras that were found for them.

    Attributes:
        images: with cameras, lens distortion undone.
        faces: of each picture.
        person: how the cameras were found.
    """

    images: PosedImages
    faces: tuple[list[Landmarks2D], ...]
    person: StillPerson


def holds_no_cameras(path: str | Path) -> bool:
    """Whether this is a video, or a folder of pictures without any file of cameras."""
    path = Path(path)
    if path.is_file():
        return path.suffix.lower() in VIDEO_SUFFIXES
    if not path.is_dir():
        return False
    names = [one.name.lower() for one in path.iterdir()]
    cameras = ("transforms", "cameras", "sparse", "colmap")
    return any(name.endswith(PICTURE_SUFFIXES) for name in names) and not any(
        name.startswith(cameras) for name in names
    )


def load_unposed_images(
    path: str | Path,
    *,
    most: int = KEY_FRAMES,
    context: Context | None = None,
    report: ProgressReport = silent,
) -> UnposedCapture:
    """Key frames of a video, or the pictures of a folder, with cameras that a still person tells.

    Args:
        most: key frames: the sharpest of each part of the way around the face.

    Raises:
        InputError: too few pictures show a face; the message says what is needed.
    """
    context = context or Context()
    path = Path(path)
    names, images = _pictures(path)
    found = faces_in(images, context=context, report=report)
    chosen = choose_key_frames(images, largest_faces(found), most=most)
    kept = [images[index] for index in chosen]
    person = cameras_of_still_person(kept, [found[index] for index in chosen], context=context)
    cameras, shown, faces = [], [], []
    for view, camera in zip(person.views, person.cameras, strict=True):
        camera, image = _straight(camera, kept[view], person.distortion)
        cameras.append(camera)
        shown.append(image)
        faces.append(context.finder(image) if abs(person.distortion) > 0.01 else found[chosen[view]])
    posed = PosedImages.of(
        cameras, shown, names=[names[chosen[view]] for view in person.views], source=str(path)
    )
    return UnposedCapture(posed, tuple(faces), person)


def _pictures(path: Path) -> tuple[list[str], list[UInt8[np.ndarray, "_ _ 3"]]]:
    if path.is_dir():
        from mien.images.photo import read_photo

        files = sorted(one for one in path.iterdir() if one.suffix.lower() in PICTURE_SUFFIXES)
        step = max(1, -(-len(files) // MOST_FRAMES))
        return [one.name for one in files[::step]], [_reduced(read_photo(one).image) for one in files[::step]]
    from mien.images.video import open_video

    with open_video(path) as video:
        count = sum(1 for _ in video)
    step = max(1, -(-count // MOST_FRAMES))
    with open_video(path) as video:
        images = [_reduced(frame.image) for index, frame in enumerate(video) if index % step == 0]
    if not images:
        raise InputError("shows no frames", source=path)
    return [f"frame {index * step}" for index in range(len(images))], images


def _reduced(image: np.ndarray) -> np.ndarray:
    import cv2

    scale = LONGEST_SIDE_PX / max(image.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(image)
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _straight(camera: Camera, image: np.ndarray, k1: float) -> tuple[Camera, np.ndarray]:
    """A pinhole's picture of what a lens with a first radial term took."""
    if abs(k1) < 1e-4:
        return camera, image
    from mien.camera_files.lens import undistorting_camera

    straight, lens = undistorting_camera("perspective", (k1, 0, 0, 0), camera, source="pictures", name="all")
    return straight, lens.undistorted(image, straight)
