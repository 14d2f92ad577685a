"""`mien benchmark speed`: time of landmarks, fit, tracker and search, as users have them."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import note, print_json, print_table
from mien.commands.options import FaceMeshOption, JsonOption, LandmarkerOptions, PhotoOption
from mien.commands.usage import UsageError


@dataclass(frozen=True)
class SpeedConfig:
    """Time a frame of following one face (landmarks, fit, the whole tracker), the fit of a photo and the
    search of a picture, with the threads that the environment gives.

    With --face-mesh pin both to one core (`taskset -c 0 mien benchmark speed …`): Face Mesh chooses its
    threads itself.
    """

    count: int = 200
    """Frames to time."""
    processor_time: bool = False
    """Count the processor's time, all threads together, instead of time by the clock: for a machine that is
    busy with other work."""
    baseline: Path | None = None
    """A JSON document that an earlier run printed; the table then shows the change."""
    gate: float | None = None
    """With --baseline: fail when a part takes more than this many times the baseline's time."""
    shown: Flat[PhotoOption] = PhotoOption()
    peer: Flat[FaceMeshOption] = FaceMeshOption()
    network: Flat[LandmarkerOptions] = LandmarkerOptions()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 when a part is slower than the gate allows."""
    config = parse(SpeedConfig, arguments, prog="mien benchmark speed")
    if config.gate is not None and config.baseline is None:
        raise UsageError("--gate needs --baseline")
    from mien.evaluation.speed.baseline import read_baseline

    baseline = read_baseline(config.baseline) if config.baseline else {}
    from mien.evaluation.speed.timing import (
        PHOTO_FIT,
        PHOTO_FIT_ONE_THREAD,
        clip_around_face,
        machine,
        time_face_mesh,
        time_photo_fit,
        time_search,
        time_tracking,
    )
    from mien.images.photo import read_image
    from mien.landmarks.landmarker import Landmarker

    photo = read_image(config.shown.photo)
    landmarker = Landmarker(config.network.model, search=config.network.search)
    clip = clip_around_face(photo, landmarker)
    clock = time.process_time if config.processor_time else time.perf_counter
    timings = time_tracking(clip, landmarker, count=config.count, clock=clock)
    if config.peer.face_mesh is not None:
        timings.append(time_face_mesh(config.peer.face_mesh, clip, count=config.count, clock=clock))
    timings += time_photo_fit(photo, landmarker, count=max(3, config.count // 10), clock=clock)
    timings.append(time_search(photo, landmarker, count=max(3, config.count // 20), clock=clock))
    by_name = {timing.name: timing.median_ms for timing in timings}
    ratio = by_name[PHOTO_FIT] / by_name[PHOTO_FIT_ONE_THREAD]
    document = {
        "format_version": 1,
        "benchmark": "speed",
        "machine": machine(),
        "clock": clock.__name__,
        "model": config.network.model,
        "fit_over_one_thread": ratio,
        "photo_px": [photo.shape[1], photo.shape[0]],
        "timings": [asdict(timing) for timing in timings],
    }
    slower = {
        timing.name: timing.median_ms / baseline[timing.name] for timing in timings if timing.name in baseline
    }
    if config.output.json:
        print_json(document)
    else:
        header = ("", "median", "10 %", "90 %") + (("against baseline",) if baseline else ())
        rows = []
        for timing in timings:
            times = (timing.median_ms, timing.fast_ms, timing.slow_ms)
            change = (f"× {slower[timing.name]:.2f}",) if timing.name in slower else ("",) if baseline else ()
            rows.append((timing.name, *(f"{value:.2f} ms" for value in times), *change))
        size = f"{photo.shape[1]} × {photo.shape[0]}"
        print_table(header, rows, title=f"One face, {machine()}; photo of {size}")
        print(f"the fit of a photo takes {ratio:.2f} times as long as with one BLAS thread")
    too_slow = [name for name, ratio in slower.items() if config.gate is not None and ratio > config.gate]
    if too_slow:
        note(f"mien benchmark: slower than {config.gate} × the baseline: {', '.join(too_slow)}")
        return 1
    return 0
