"""`mien benchmark …`: accuracy on labelled pictures, and speed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import dispatch, parse
from mien.errors import InputError

if TYPE_CHECKING:
    from mien.evaluation.ytf68 import LabelledPicture

EXAMPLE_PHOTO = Path("examples/astronaut.jpg")


@dataclass(frozen=True)
class Ytf68Config:
    """Accuracy on YTF-68: inter-ocular error, failures at 10 %, faces not found.

    A ridge regression from dense landmarks to the dataset's 68 labels is fitted on translate.csv and measured
    on val.csv; it is used for this benchmark only.
    """

    data: Path
    """Folder with translate.csv, val.csv and images/."""
    model: str = "realtime"
    """Landmark network: a shipped one, or the path of an .onnx file."""
    search: str = "search"
    """Face-search network: likewise."""
    start: Literal["search", "labels"] = "search"
    """Find faces by searching (the benchmark), or start from the labels to measure the landmarks alone."""
    sheet: Path | None = None
    """Write a contact sheet of measured pictures here (.png)."""
    sheet_count: int = 12
    """Pictures on the sheet."""
    sheet_worst: bool = False
    """Show the pictures with the largest errors instead of evenly chosen ones."""
    json: bool = False
    """Print one JSON document to stdout and nothing else."""


@dataclass(frozen=True)
class SpeedConfig:
    """Time a frame of following one face (landmarks, fit) and the search of a picture, on one thread."""

    photo: Path = EXAMPLE_PHOTO
    """A photo with a face."""
    model: str = "realtime"
    """Landmark network: a shipped one, or the path of an .onnx file."""
    search: str = "search"
    """Face-search network: likewise."""
    count: int = 200
    """Frames to time."""
    baseline: Path | None = None
    """A JSON document that an earlier run printed; the table then shows the change."""
    gate: float | None = None
    """With --baseline: fail when a part takes more than this many times the baseline's time."""
    json: bool = False
    """Print one JSON document to stdout and nothing else."""


def run(arguments: list[str]) -> int:
    """Dispatch to a sub-verb and return its exit code."""
    return dispatch(
        arguments,
        prog="mien benchmark",
        description="Measure accuracy and speed.",
        sub_verbs={
            "ytf68": ("accuracy of landmarks on labelled video frames", "mien.commands.benchmark:run_ytf68"),
            "speed": ("time of landmarks, fit and search", "mien.commands.benchmark:run_speed"),
            "fitting": ("fitted heads, solvers, sequences", "mien.commands.benchmark_fitting:run"),
        },
    )


def run_ytf68(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(Ytf68Config, arguments, prog="mien benchmark ytf68")
    if config.sheet is not None and config.sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError("--sheet: the name must end in .png or .jpg", source=config.sheet)

    from mien.evaluation.ytf68 import evaluate, face_where_labelled, labelled_face
    from mien.evaluation.ytf68_sheet import draw_sheet
    from mien.images.writing import write_image
    from mien.landmarks.landmarker import Landmarker

    landmarker = Landmarker(config.model, search=config.search)
    result = evaluate(
        config.data,
        landmarker,
        find=labelled_face if config.start == "search" else face_where_labelled,
        progress=None if config.json else _progress,
    )
    figures = result.figures()
    if config.sheet is not None:
        sheet = draw_sheet(result, count=config.sheet_count, worst=config.sheet_worst)
        write_image(config.sheet, sheet)
    if config.json:
        document = {"benchmark": "ytf68", "model": config.model, "start": config.start, **figures}
        return _print_json(document)
    title = f"YTF-68, {config.model}" + ("" if config.start == "search" else " (started from the labels)")
    rows = [
        ("inter-ocular NME", f"{100 * figures['nme']:.2f} %", "mean over the faces found"),
        ("median", f"{100 * figures['nme_median']:.2f} %", ""),
        ("failures at 10 %", f"{100 * figures['failure_rate_10']:.1f} %", "faces not found count"),
        ("not found", f"{figures['undetected']} of {figures['pictures']}", ""),
        ("area under curve", f"{figures['auc_10']:.3f}", "to 10 %, 1 is perfect"),
        ("NME, own 68 points", f"{100 * figures['nme_untranslated']:.2f} %", "without label translation"),
        (
            "translation",
            f"{figures['translation_faces']} faces",
            f"{figures['translation_undetected']} not found, penalty {figures['translation_penalty']:g}",
        ),
    ]
    _print_table(title, ("", "val.csv", ""), rows)
    if config.sheet is not None:
        print(f"sheet: {config.sheet} (blue: dense, green: translated, red: labels)")
    return 0


def run_speed(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 when a part is slower than the gate allows."""
    config = parse(SpeedConfig, arguments, prog="mien benchmark speed")
    if config.gate is not None and config.baseline is None:
        raise InputError("--gate needs --baseline")
    baseline = _read_baseline(config.baseline) if config.baseline else {}

    # The linear algebra below NumPy reads these once, when it is loaded: before the imports that follow.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    import cv2

    from mien.evaluation.speed import machine, time_search, time_tracking
    from mien.images.photo import read_image
    from mien.landmarks.landmarker import Landmarker

    photo = read_image(config.photo)
    cv2.setNumThreads(1)
    landmarker = Landmarker(config.model, search=config.search)
    timings = time_tracking(photo, landmarker, count=config.count)
    timings.append(time_search(photo, landmarker, count=max(3, config.count // 20)))
    document = {
        "format_version": 1,
        "benchmark": "speed",
        "machine": machine(),
        "model": config.model,
        "photo_px": [photo.shape[1], photo.shape[0]],
        "timings": [asdict(timing) for timing in timings],
    }
    slower = {
        timing.name: timing.median_ms / baseline[timing.name] for timing in timings if timing.name in baseline
    }
    if config.json:
        _print_json(document)
    else:
        header = ("", "median", "10 %", "90 %") + (("against baseline",) if baseline else ())
        rows = []
        for timing in timings:
            times = (timing.median_ms, timing.fast_ms, timing.slow_ms)
            change = (f"× {slower[timing.name]:.2f}",) if timing.name in slower else ("",) if baseline else ()
            rows.append((timing.name, *(f"{value:.2f} ms" for value in times), *change))
        size = f"{photo.shape[1]} × {photo.shape[0]}"
        _print_table(f"One face, one thread, {machine()}; search of {size}", header, rows)
    too_slow = [name for name, ratio in slower.items() if config.gate is not None and ratio > config.gate]
    if too_slow:
        print(
            f"mien benchmark: slower than {config.gate} × the baseline: {', '.join(too_slow)}",
            file=sys.stderr,
        )
        return 1
    return 0


def _read_baseline(path: Path) -> dict[str, float]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {timing["name"]: float(timing["median_ms"]) for timing in document["timings"]}
    except FileNotFoundError as error:
        raise InputError("no such file; make it with: mien benchmark speed --json", source=path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("is no result of `mien benchmark speed --json`", source=path) from error


def _progress(pictures: Iterable[LabelledPicture], label: str) -> Iterable[LabelledPicture]:
    from rich.console import Console
    from rich.progress import track

    return track(list(pictures), description=label, console=Console(stderr=True), transient=True)


def _print_json(document: dict[str, Any]) -> int:
    print(json.dumps(document, ensure_ascii=False))
    return 0


def _print_table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
