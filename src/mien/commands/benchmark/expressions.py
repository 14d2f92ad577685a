"""`mien benchmark expressions`: whether expressions arrive at full size."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.held_out_people import photographer_of, render_pictures
from mien.commands.display import print_json, print_table, progress_bar
from mien.commands.options import HeldOutPeopleOptions, JsonOption, NetworksOption
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.evaluation.fitting.known_expressions import ExpressionsResult
    from mien.evaluation.tracking.expressive_clips import ClipResult, ExpressionResult
    from mien.evaluation.tracking.face_movements import Following


@dataclass(frozen=True)
class ExpressionsConfig:
    """Whether expressions arrive at full size.

    On clips: correlation with and slope on MediaPipe Face Mesh's lips, width of the mouth, lids and brows, of
    landmarks and of the tracked head; jitter where the face is still; ARKit weights at rest. With --synthetic
    on rendered people instead, whose expressions are known: each ARKit shape's weight, gaze, wide mouths,
    shut lids. They are drawn once, with --assets, and kept in --cache.
    """

    data: Path | None = None
    """Folder with face_mesh.npz and the clips that it has points of."""
    synthetic: bool = False
    """Measure on rendered people."""
    drawn: Flat[HeldOutPeopleOptions] = HeldOutPeopleOptions()
    networks: Flat[NetworksOption] = NetworksOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(ExpressionsConfig, arguments, prog="mien benchmark expressions")
    if config.synthetic == (config.data is not None):
        raise UsageError("name either --data FOLDER, with clips, or --synthetic, for rendered people")
    return _run_synthetic(config) if config.data is None else _run_clips(config, config.data)


def _run_clips(config: ExpressionsConfig, folder: Path) -> int:
    from mien.evaluation.tracking.expressive_clips import ExpressionResult, measure_clip, read_clips
    from mien.fitting.context import Context
    from mien.landmarks.landmarker import Landmarker

    clips = read_clips(folder)
    results = {}
    for model in config.networks.models:
        context = Context(landmarker=Landmarker(model))
        measured = []
        for clip, theirs_px in clips.items():
            with progress_bar(f"{model}, {clip.stem}", quiet=config.output.json) as report:
                measured.append(measure_clip(clip, theirs_px, context=context, report=report))
        results[model] = ExpressionResult(tuple(measured))
    if config.output.json:
        return print_json(_document(results))
    for model, result in results.items():
        _print_clips(model, result)
        _print_jitter_and_rest(model, result)
    return 0


def _run_synthetic(config: ExpressionsConfig) -> int:
    from mien.evaluation.fitting.known_expressions import study_expressions
    from mien.evaluation.fitting.pictured_people import fit_pictures
    from mien.landmarks.landmarker import Landmarker

    config.drawn.check()
    quiet = config.output.json
    photographer = photographer_of(config.drawn, count=config.drawn.people, quiet=quiet)
    render_pictures(config.drawn, photographer, quiet=quiet)
    results = {}
    for name in ("exact landmarks", *config.networks.models):
        landmarker = None if name == "exact landmarks" else Landmarker(name)
        with progress_bar(name, quiet=quiet) as report:
            pictures = fit_pictures(photographer, landmarker, config.drawn.cache, report=report)
        results[name] = study_expressions(photographer, pictures)
    if config.output.json:
        return print_json(
            {
                "benchmark": "expressions",
                "format_version": 1,
                "synthetic": {name: asdict(result) for name, result in results.items()},
            }
        )
    _print_weights(results)
    _print_openings(results)
    return 0


def _print_weights(results: dict[str, ExpressionsResult]) -> None:
    """Correlation and slope by shape."""
    rows = []
    shapes = next(iter(results.values())).weights
    for shape in shapes:
        known = [result.weights.get(shape) for result in results.values()]
        rows.append((shape, *(_followed(one) for one in known)))
    for angle in ("yaw", "pitch"):
        rows.append((f"gaze, {angle}", *(_followed(result.gaze[angle]) for result in results.values())))
    counts = ", ".join(
        f"{name}: {result.fitted} of {result.pictures} pictures" for name, result in results.items()
    )
    print_table(
        ("", *results),
        rows,
        title="Rendered people: correlation and slope of fitted on true ARKit weights, each picture alone",
    )
    print(f"fitted: {counts}.")


def _print_openings(results: dict[str, ExpressionsResult]) -> None:
    rows = [
        (
            f"{name}, {kind}",
            f"{100 * each.lips_error:.0f} %",
            f"{each.lips_ratio:.2f}",
            f"{100 * each.lids_told_apart:.1f} %",
            f"{each.shut}, {each.open}",
        )
        for name, result in results.items()
        for kind, each in result.openings.items()
    ]
    print_table(
        ("", "lip gap off by", "over the true gap", "lids told apart", "shut, open eyes"),
        rows,
        title="Lips on the tenth of the pictures where they are widest; shut and open lids to 45° of yaw",
    )


def _followed(one: Following | None) -> str:
    return "–" if one is None else f"{one.correlation:.2f}, {one.slope:.2f}"


def _document(results: dict[str, ExpressionResult]) -> dict[str, Any]:
    from mien.evaluation.tracking.expressive_clips import SOURCES

    return {
        "benchmark": "expressions",
        "format_version": 1,
        "results": {
            model: {
                "clips": [
                    {
                        "name": clip.name,
                        "frames": clip.frames,
                        "lost": clip.lost,
                        "following": {
                            source: {movement: asdict(one) for movement, one in each.items()}
                            for source, each in clip.following.items()
                        },
                        "jitter": clip.jitter,
                        "still": clip.still,
                        "at_rest": len(clip.rest.weights),
                        "gaze_at_rest_deg": _gaze_deg(clip)[0],
                        "past_camera_at_rest_deg": _gaze_deg(clip)[1],
                    }
                    for clip in result.clips
                ],
                "means": {
                    source: {
                        movement: {"correlation": correlation, "slope": slope, "clips": count}
                        for movement, (correlation, slope, count) in result.means(source).items()
                    }
                    for source in SOURCES
                },
                "jitter": {source: result.jitter(source) for source in (*SOURCES, "Face Mesh")},
                "rest_weights": {
                    name: {"median": median, "worst_clip": worst, "above_own_rest": above}
                    for name, (median, worst, above) in result.rest().items()
                },
            }
            for model, result in results.items()
        },
    }


def _print_clips(model: str, result: ExpressionResult) -> None:
    from mien.evaluation.tracking.expressive_clips import SOURCES
    from mien.evaluation.tracking.face_movements import ENOUGH, MOVEMENTS

    def cell(one: Following, enough: float) -> str:
        written = f"{one.correlation:.2f}, {one.slope:.2f}"
        return written if one.spread >= enough else f"({written})"

    rows = []
    for clip in result.clips:
        for source in SOURCES:
            cells = [
                cell(clip.following[source][movement], enough)
                for movement, enough in zip(MOVEMENTS, ENOUGH, strict=True)
            ]
            name = f"{clip.name} ({clip.frames} frames, {clip.lost} lost)" if source == SOURCES[0] else ""
            rows.append((name, source, *cells))
    for source in SOURCES:
        means = result.means(source)
        rows.append(
            (
                "mean" if source == SOURCES[0] else "",
                source,
                *(f"{means[movement][0]:.2f}, {means[movement][1]:.2f}" for movement in MOVEMENTS),
            )
        )
    print_table(
        ("", "", *MOVEMENTS),
        rows,
        title=f"{model}: correlation with and slope on MediaPipe Face Mesh's movements",
    )
    print("in brackets: Face Mesh's hardly moves; not in the mean. live, finished: the tracked head.")


def _print_jitter_and_rest(model: str, result: ExpressionResult) -> None:
    from mien.evaluation.tracking.expressive_clips import SOURCES

    sources = (*SOURCES, "Face Mesh")
    rows = [
        (f"{clip.name} ({clip.still} still frames)", *(_percent(clip.jitter[source]) for source in sources))
        for clip in result.clips
    ]
    rows.append(("all", *(_percent(result.jitter(source)) for source in sources)))
    print_table(
        ("", *sources),
        rows,
        title=f"{model}: jitter of 26 points, over the distance of the outer eye corners",
    )
    rest = sorted(result.rest().items(), key=lambda each: -each[1][0])
    shown = [
        (name, f"{median:.2f}", f"{worst:.2f}", f"{above:.2f}")
        for name, (median, worst, above) in rest
        if worst > _SHOWN
    ]
    frames = sum(len(clip.rest.weights) for clip in result.clips)
    print_table(
        ("", "median", "of the worst clip", "above the clip's own rest"),
        shown,
        title=f"{model}: ARKit weights at rest (lips shut, lids above their median; {frames} frames), "
        f"those above {_SHOWN} in a clip",
    )
    print_table(
        ("", "eyes turned in the head, left, down", "eyes past the camera, left, down"),
        [(clip.name, *(_degrees(each) for each in _gaze_deg(clip))) for clip in result.clips],
        title=f"{model}: where they look at rest, degrees, medians",
    )


def _gaze_deg(clip: ClipResult) -> list[list[float] | None]:
    """Medians in the head and past the camera; None without frames at rest."""
    import numpy as np

    if not len(clip.rest.weights):
        return [None, None]
    angles = (clip.rest.gaze_rad, clip.rest.past_camera_rad)
    return [np.degrees(np.median(each, axis=0)).tolist() for each in angles]


def _degrees(angles: list[float] | None) -> str:
    return "–" if angles is None else f"{angles[0]:.1f}, {angles[1]:.1f}"


_SHOWN = 0.08
"""Weights at rest that are worth a line."""


def _percent(share: float) -> str:
    return f"{100 * share:.3f} %" if share == share else "–"
