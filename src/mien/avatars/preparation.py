"""From a video to what an avatar learns from: track, cut out, matte, hold out the end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.avatars.dataset import AvatarData
from mien.avatars.doubtful_hair import without_doubtful_hair
from mien.avatars.pose_refinement import refine_poses
from mien.avatars.prepared_folders import PreparedFolder, read_prepared_folder
from mien.avatars.skull_frame import world_from_skull
from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fitting.results import HeadTrack
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.progress import Progress, ProgressReport, silent


@dataclass(frozen=True)
class AvatarDataConfig:
    """How a video's frames are made ready for an avatar."""

    size: int = 128
    """Side of the pictures, pixels."""
    max_frames: int = 250
    """Frames taken, evenly over the video, at most."""
    held_out: float = 0.2
    """Share of the frames, the last ones, that the avatar is judged by and never learns from; a folder that
    says itself which are held out is believed."""
    extent_m: float = 0.34
    """What a picture holds at the head's distance, metres."""
    sure_neck_m: float = 0.006
    """Below the chin the matte knows nothing; the fitted neck counts as head this far inside its edge."""
    refine_poses: bool = True
    """Move the head on each frame to where its skin looks as on the others."""


@checked_call
def prepare_avatar_data(
    video: str | Path,
    config: AvatarDataConfig = AvatarDataConfig(),
    *,
    track: HeadTrack | None = None,
    report: ProgressReport = silent,
) -> AvatarData:
    """Frames of the one person in a video.

    Args:
        video: file that shows one person, or a folder of such pictures that a tracker of others wrote, whose
            held out frames are kept (`mien.avatars.prepared_folders`).
        config: size and number of the frames, and what is held out.
        track: of this video by the built-in head; it is tracked when None.
        report: told of the frames that are done.

    Raises:
        InputError: the file is no video, the face is seen on fewer than ten frames, or the track is another
            head's.
    """
    from mien.tracking.video import track_video

    head = load_head()
    folder = read_prepared_folder(video) if Path(video).is_dir() else None
    if track is None:
        source = video if folder is None else folder.images()
        track = track_video(source, report=lambda one: report(replace(one, label="track")))
    if not head.takes_parameters_of(track.head_name, track.head_version):
        raise InputError(f"was tracked with the head {track.head_name}, not {head.name}", source="track")
    seen = np.flatnonzero(track.tracked)
    if len(seen) < 10:
        raise InputError(
            f"shows a face on {len(seen)} frames; an avatar needs ten at least", source=str(video)
        )
    chosen = seen[
        np.unique(np.linspace(0, len(seen) - 1, min(config.max_frames, len(seen))).round().astype(int))
    ]
    cut: dict[int, _Cut] = {}
    wanted = {int(track.first_frame + row): int(row) for row in chosen}
    with closing(_images(video, folder)) as images:
        for number, image in enumerate(images):
            if number not in wanted:
                continue
            row = wanted[number]
            cut[row] = _cut_out(image, track.parameters(row), track.camera, head, config)
            report(Progress(len(cut), len(wanted), "matte"))
            if len(cut) == len(wanted):
                break
    rows = np.array(sorted(cut))
    if len(rows) < 10:
        raise InputError("is shorter than its track; track this very file", source=str(video))
    test = np.arange(len(rows)) >= round(len(rows) * (1 - config.held_out))
    if folder is not None and folder.held_out.any():
        test = folder.held_out[rows + track.first_frame]
    every = float(np.median(np.diff(rows)))
    data = AvatarData(
        source=Path(video).name,
        head_name=track.head_name,
        head_version=track.head_version,
        expression_names=head.expression_names,
        frames_per_second=track.frames_per_second / every,
        identity=np.asarray(track.identity, float),
        expression=np.asarray(track.expression[rows], float),
        joint_rotations=np.asarray(track.joint_rotations[rows], float),
        intrinsics=np.stack([cut[row].camera.intrinsics for row in rows]),
        camera_from_skull=np.stack([cut[row].camera.camera_from_world for row in rows]),
        rgba=np.stack([cut[row].rgba for row in rows]),
        known=np.stack([cut[row].known for row in rows]),
        times_s=np.asarray(track.times_s[rows], float),
        video_frames=rows + track.first_frame,
        test=test,
    )
    data = without_doubtful_hair(data)
    return refine_poses(data) if config.refine_poses else data


def _images(
    video: str | Path, folder: PreparedFolder | None
) -> Generator[UInt8[np.ndarray, "h w 3"], None, None]:
    """The pictures of a video or a folder."""
    from mien.images.video import open_video

    if folder is not None:
        yield from folder.images()
        return
    with open_video(video) as frames:
        for frame in frames:
            yield np.asarray(frame.image)


@dataclass(frozen=True, eq=False)
class _Cut:
    rgba: UInt8[np.ndarray, "size size 4"]
    known: UInt8[np.ndarray, "size size"]
    camera: Camera


def _cut_out(
    image: np.ndarray, parameters: HeadParameters, camera: Camera, head: Head, config: AvatarDataConfig
) -> _Cut:
    """The square around a head, its matte, and the camera about the skull that takes this picture."""
    import cv2

    from mien.mattes.soft_matte import head_matte

    local, inside, square = square_about_head(image, parameters, camera, head, config)
    matte = head_matte(local, parameters, square, head=head)
    neck = _mesh_inside(parameters, square, head, config.sure_neck_m)
    alpha = np.maximum(matte.alpha, neck)
    known = np.maximum(matte.known, neck) * inside
    size = (config.size, config.size)

    def reduced(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values, size, interpolation=cv2.INTER_AREA)

    small = square.resized(width_px=config.size, height_px=config.size)
    pose = square.camera_from_world @ world_from_skull(head, parameters)
    rgba = np.concatenate([reduced(local), _as_bytes(reduced(alpha))[..., None]], axis=2)
    return _Cut(rgba, _as_bytes(reduced(known)), replace(small, camera_from_world=pose))


def square_about_head(
    image: UInt8[np.ndarray, "h w 3"],
    parameters: HeadParameters,
    camera: Camera,
    head: Head,
    config: AvatarDataConfig,
) -> tuple[UInt8[np.ndarray, "s s 3"], Float[np.ndarray, "s s"], Camera]:
    """A square of whole pixels around the head, twice the size of the pictures at most:
    the picture (its edge repeated beyond the frame), 1 where it lies in the frame, and its camera."""
    import cv2

    place = world_from_skull(head, parameters)
    centre_m = place[:3, :3] @ np.array([0.0, 0.0, 0.0]) + place[:3, 3]
    depth_m = float(camera.to_camera(centre_m)[2])
    if depth_m < 1e-3:
        raise InputError("the track puts the head behind the camera; track again", source="track")
    middle_px = camera.project(centre_m[None])[0]
    half = 0.5 * config.extent_m * camera.focal_px / depth_m
    left, top = (round(float(value - half)) for value in middle_px)
    side = max(8, round(2 * half))
    pad = max(0, -left, -top, left + side - image.shape[1], top + side - image.shape[0])
    padded = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    known = cv2.copyMakeBorder(np.ones(image.shape[:2], np.float32), pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    part = slice(top + pad, top + pad + side), slice(left + pad, left + pad + side)
    intrinsics = camera.intrinsics.copy()
    intrinsics[:2, 2] -= [left, top]
    square = Camera(intrinsics, camera.camera_from_world, side, side)
    picture, inside = np.ascontiguousarray(padded[part]), known[part]
    working = max(config.size, min(side, 2 * config.size))
    if working < side:
        picture = cv2.resize(picture, (working, working), interpolation=cv2.INTER_AREA)
        inside = cv2.resize(inside, (working, working), interpolation=cv2.INTER_AREA)
        square = square.resized(width_px=working, height_px=working)
    return picture, inside, square


def _mesh_inside(
    parameters: HeadParameters, camera: Camera, head: Head, margin_m: float
) -> Float[np.ndarray, "s s"]:
    """1 where the fitted head, neck included, covers a picture, `margin_m` inside its edge."""
    import cv2

    pixels = camera.project(head.vertices_m(parameters))[head.triangles]
    pixels = pixels[np.isfinite(pixels).all(axis=(1, 2))]
    out = np.zeros((camera.height_px, camera.width_px), np.uint8)
    limit = 8 * max(out.shape)
    for corners in np.rint(np.clip(pixels, -limit, limit)).astype(np.int32):
        cv2.fillConvexPoly(out, corners, 1)
    depth_m = max(float(camera.to_camera(parameters.root_translation_m)[2]), 1e-3)
    radius = max(1, round(margin_m * camera.focal_px / depth_m))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    return cv2.erode(out, disc).astype(np.float32)


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
