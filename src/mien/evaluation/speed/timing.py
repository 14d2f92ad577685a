"""How long fitting and following one face take, in the process as it is: nothing here sets threads."""

from __future__ import annotations

import itertools
import json
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import UInt8

from mien.errors import InputError
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.region import Region, region_from_points
from mien.landmarks.types import Landmarks2D

PHOTO_FIT, PHOTO_FIT_ONE_THREAD = "fit of a photo", "fit of a photo, one BLAS thread"


@dataclass(frozen=True)
class Timing:
    """Times of one part, milliseconds.

    Attributes:
        name: the part.
        median_ms, fast_ms, slow_ms: median, 10th and 90th percentile.
        count: how often it ran.
    """

    name: str
    median_ms: float
    fast_ms: float
    slow_ms: float
    count: int

    @staticmethod
    def of(name: str, times_s: list[float]) -> Timing:
        """Statistics of measured seconds."""
        fast, median, slow = (float(value) for value in 1e3 * np.percentile(times_s, (10, 50, 90)))
        return Timing(name, median, fast, slow, len(times_s))


def machine() -> str:
    """The processor's name, for reports."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def moving_frames(
    photo: UInt8[np.ndarray, "height width 3"], region: Region, *, count: int = 60, size: int = 480
) -> list[UInt8[np.ndarray, "size size 3"]]:
    """A synthetic clip: a window that drifts, turns and zooms gently over a photo around a face.

    The face stays about where the window's middle is; between two frames it moves by a few pixels.
    """
    frames = []
    for index in range(count):
        phase = 2 * np.pi * index / count
        shift_px = 0.12 * region.side_px * np.array([np.sin(phase), np.sin(2 * phase)])
        window = Region(
            region.center_px + shift_px,
            region.side_px * (1.9 + 0.15 * float(np.cos(phase))),
            0.1 * float(np.sin(phase)),
        )
        frames.append(window.crop(photo, size))
    return frames


Clock = Callable[[], float]
"""`time.perf_counter`, or `time.process_time` on machines that are busy with other work."""


def time_search(
    image: UInt8[np.ndarray, "height width 3"],
    landmarker: Landmarker,
    *,
    count: int,
    clock: Clock = time.perf_counter,
) -> Timing:
    """A whole picture to faces with landmarks."""
    return Timing.of("search", _repeat(lambda: landmarker(image), count, clock=clock))


def time_photo_fit(
    image: UInt8[np.ndarray, "height width 3"],
    landmarker: Landmarker,
    *,
    count: int,
    clock: Clock = time.perf_counter,
) -> list[Timing]:
    """`fit_landmarks` of a photo's best face as a user calls it, and in turn with that the same with every
    BLAS library of the process told to use one thread, which must not be quicker.

    Raises:
        InputError: the photo shows no face.
    """
    from threadpoolctl import threadpool_limits

    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_landmarks
    from mien.heads.library import load_head

    face, context = _best_face(image, landmarker), Context(head=load_head())
    camera = CameraPrior.free(width_px=image.shape[1], height_px=image.shape[0])

    def fit() -> None:
        fit_landmarks(face, camera, context=context)

    fit()
    as_called, limited = [], []
    for _ in range(count):
        as_called += _repeat(fit, 1, 0, clock=clock)
        with threadpool_limits(1, user_api="blas"):
            limited += _repeat(fit, 1, 0, clock=clock)
    return [Timing.of(PHOTO_FIT, as_called), Timing.of(PHOTO_FIT_ONE_THREAD, limited)]


def clip_around_face(photo: UInt8[np.ndarray, "height width 3"], landmarker: Landmarker) -> list[np.ndarray]:
    """`moving_frames` around the best face of a photo.

    Raises:
        InputError: the photo shows no face.
    """
    face = _best_face(photo, landmarker)
    return moving_frames(photo, region_from_points(face.points_px, face.set_name))


def _best_face(photo: np.ndarray, landmarker: Landmarker) -> Landmarks2D:
    faces = landmarker(photo)
    if not faces:
        raise InputError(
            "no face was found, so there is nothing to time; choose another picture", source="photo"
        )
    return faces[0]


def time_tracking(
    frames: list[np.ndarray], landmarker: Landmarker, *, count: int, clock: Clock = time.perf_counter
) -> list[Timing]:
    """One face followed through a clip, over and over: landmarks and fit apart, both together, and the
    tracker with all that it does besides (cuts, filtering, now and then a key frame).

    Raises:
        InputError: the first frame shows no face, or the face is lost on the way.
    """
    from mien.fitting.camera_prior import CameraPrior
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_landmarks
    from mien.fitting.scene.fit_model import FitModel
    from mien.heads.library import load_head
    from mien.tracking.frame_fitter import FrameFitter
    from mien.tracking.tracker import Tracker

    first = landmarker(frames[0])
    if not first:
        raise InputError("the face is not found again in a window around it; choose another picture",
                         source="photo")  # fmt: skip
    face, context = first[0], Context(head=load_head(), landmarker=landmarker)
    camera = CameraPrior.free(width_px=frames[0].shape[1], height_px=frames[0].shape[0])
    fit = fit_landmarks(face, camera, context=context)
    model = FitModel.of(context.loaded_head, face.set_name)
    fitter = FrameFitter(model, camera=fit.camera, identity=fit.parameters.identity, config=context.config)
    parameters = fit.parameters
    times: dict[str, list[float]] = {"landmarks": [], "fit": [], "landmarks + fit": []}
    warm_up = 5
    for index in range(count + warm_up):
        frame = frames[index % len(frames)]
        begin = clock()
        followed = landmarker.track(frame, face)
        middle = clock()
        if followed is None:
            raise InputError(f"the face was lost on frame {index} of the synthetic clip", source="photo")
        parameters, _ = fitter(followed, parameters)
        end = clock()
        face = followed
        if index >= warm_up:
            times["landmarks"].append(middle - begin)
            times["fit"].append(end - middle)
            times["landmarks + fit"].append(end - begin)
    timings = [Timing.of(name, values) for name, values in times.items()]
    tracker = Tracker(context)
    shown = (frames[index % len(frames)] for index in itertools.count())
    tracked = _repeat(lambda: tracker.update(next(shown), 0.0), count, warm_up, clock=clock)
    return [*timings, Timing.of("tracker", tracked)]


def time_face_mesh(
    python: Path, frames: list[np.ndarray], *, count: int, clock: Clock = time.perf_counter
) -> Timing:
    """MediaPipe Face Mesh on the same clip: tracking one face with irises, as its legacy solution does.

    Args:
        python: an interpreter that has MediaPipe.

    Raises:
        InputError: the interpreter does not run, or has no MediaPipe, or Face Mesh loses the face.
    """
    script = Path(__file__).with_name("peer_face_mesh.py")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "frames.npy"
        np.save(path, np.stack(frames))
        try:
            done = subprocess.run(
                [python, script, path, str(count), clock.__name__],
                capture_output=True,
                text=True,
                check=True,
                timeout=600,
            )
            found = json.loads(done.stdout.splitlines()[-1])
            return Timing.of(f"MediaPipe Face Mesh {found['version']}", found["seconds"])
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or ["no message"])[-1]
        except (OSError, subprocess.TimeoutExpired, ValueError, LookupError) as error:
            reason = str(error)
    raise InputError(
        f"cannot time MediaPipe Face Mesh ({reason}); name an interpreter that has mediapipe 0.10",
        source=python,
    )


def _repeat(work: Callable[[], object], count: int, warm_up: int = 1, *, clock: Clock) -> list[float]:
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(count):
        begin = clock()
        work()
        times.append(clock() - begin)
    return times
