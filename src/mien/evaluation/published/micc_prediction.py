"""mien's own predictions for MICC Florence, in the layout of a submission."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.evaluation.published.mesh_files import write_obj
from mien.evaluation.published.micc import SETTINGS
from mien.evaluation.published.now_prediction import neutral_shape
from mien.files import atomic_path
from mien.heads.model import Head
from mien.progress import ProgressReport, reported, silent

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
VIDEOS = (".mov", ".mp4", ".avi", ".mkv", ".mjpg", ".mpg")


def predict(
    frames: str | Path,
    out: str | Path,
    *,
    landmarker: Callable,
    head: Head,
    together: bool = False,
    most: int = 30,
    report: ProgressReport = silent,
) -> None:
    """Fit a head to each video and write a submission.

    Args:
        frames: `subject_NN/SETTING/*.jpg`, or a video `subject_NN/SETTING.mov` (or .mp4, .avi, …).
        together: one shape from all frames at once; otherwise the mean of the frames' shapes, as Deng et al.
            (2019) have it and Wood et al. (2022, Table 1) follow.
        most: frames of each video, evenly chosen.

    Raises:
        InputError: there are no subjects, or a picture is damaged.
    """
    frames, out = Path(frames), Path(out)
    subjects = sorted(path for path in frames.glob("subject_*") if path.is_dir())
    if not subjects:
        raise InputError("holds no folders subject_NN", source=frames)
    jobs = [(subject, setting) for subject in subjects for setting in SETTINGS]
    for subject, setting in reported(jobs, report, label="fit"):
        identity = _identity(_images(subject, setting, most), landmarker, head, together)
        if identity is not None:
            _write(out / subject.name / setting, head, identity)


def _identity(
    images: list[np.ndarray], landmarker: Callable, head: Head, together: bool
) -> np.ndarray | None:
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_photo
    from mien.fitting.views import fit_views

    context = Context(head=head, landmarker=landmarker)
    if together:
        sizes = {image.shape for image in images}
        if not images:
            return None
        views = fit_views(images, same_camera=len(sizes) == 1, context=context)
        return views.identity if views.status.usable and views.found else None
    fits = [fit_photo(image, max_faces=1, context=context) for image in images]
    found = [each[0].parameters.identity for each in fits if each and each[0].status.usable]
    return np.mean(found, axis=0) if found else None  # shapes are linear in it: this is their mean


def _images(subject: Path, setting: str, most: int) -> list[np.ndarray]:
    from mien.images.photo import read_image

    folder = subject / setting
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES)
    if paths:
        return [read_image(path) for path in _evenly(paths, most)]
    videos = [path for path in sorted(subject.glob(f"{setting}.*")) if path.suffix.lower() in VIDEOS]
    videos += [path for path in sorted(folder.glob("*")) if path.suffix.lower() in VIDEOS]
    return list(_video_frames(videos[0], most)) if videos else []


def _video_frames(path: Path, most: int) -> Iterator[np.ndarray]:
    """Evenly chosen frames; the video is read twice, so that no more are kept than asked for."""
    from mien.images.video import open_video

    with open_video(path) as video:
        count = sum(1 for _ in video)
    wanted = set(_evenly(list(range(count)), most))
    with open_video(path) as video:
        for index, frame in enumerate(video):
            if index in wanted:
                yield frame.image


def _evenly(items: list, most: int) -> list:
    if len(items) <= most:
        return items
    return [items[int(index)] for index in np.linspace(0, len(items) - 1, most)]


def _write(stem: Path, head: Head, identity: np.ndarray) -> None:
    mesh, landmarks_m = neutral_shape(head, identity)
    write_obj(stem.with_name(f"{stem.name}.obj"), mesh.vertices, mesh.triangles)
    with atomic_path(stem.with_name(f"{stem.name}.npy")) as temporary:
        np.save(temporary, landmarks_m)
