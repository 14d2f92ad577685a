"""`mien benchmark lifting`: 3D landmarks lifted from single pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.network_names import told_apart
from mien.commands.display import print_json, print_table, progress_bar
from mien.commands.options import JsonOption
from mien.progress import reported

if TYPE_CHECKING:
    from mien.evaluation.lifting.synthetic_lifts import MethodResult, TestFaces


@dataclass(frozen=True)
class LiftingBenchmarkConfig:
    """3D landmarks on people that were not trained on, beside the 2D network, a fit and the mean template.

    NMLC: distance from the vertex that is nearest on average, over the face's size; by region, pose,
    expression and occlusion. In 3D, after a similarity: millimetres, and how much of what tells a face from
    the mean template is there.
    """

    data: tuple[Path, ...] = ()
    """Folders made with `mien synth`; their shards with a number below --held-out are used."""
    networks: tuple[str, ...] = ("lifting",)
    """Lifting networks: shipped ones, or paths of .onnx files."""
    model: str = "offline"
    """2D network: says where faces are, and what the fit is made to."""
    count: int = 300
    """Most faces to measure."""
    held_out: int = 1
    """Shards with a number below this were kept from training."""
    fit: bool = True
    """Fit heads to the 2D network's landmarks too."""
    ytf68: Path | None = None
    """Folder of YTF-68, measured with label translation instead of synthetic faces."""
    portraits: Path | None = None
    """Folder of the portraits, likewise."""
    labels: bool = False
    """Pseudo-labels of exact landmarks with noise, by the number of views."""
    noise_px: float = 1.0
    """That noise, pixels of 224² pictures."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(LiftingBenchmarkConfig, arguments, prog="mien benchmark lifting")
    document: dict[str, Any] = {"benchmark": "lifting"}
    if config.labels:
        document["labels"] = _labels(config)
    if config.data:
        document["synthetic"] = _synthetic(config)
    if config.ytf68 is not None:
        document["ytf68"] = _ytf68(config)
    if config.portraits is not None:
        document["portraits"] = _portraits(config)
    return print_json(document) if config.output.json else 0


def _labels(config: LiftingBenchmarkConfig) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from mien.evaluation.lifting.label_study import study_labels

    with progress_bar("labels", quiet=config.output.json) as report:
        found = study_labels(heads=40, noise_px=config.noise_px, report=report)
    if not config.output.json:
        rows = [
            (str(one.views), f"{one.rms_px:.2f}", f"{one.error_mm:.2f}", f"{one.error_mm_95:.2f}")
            for one in found
        ]
        print_table(
            ("views", "RMS per axis (px at 224²)", "3D error (mm)", "95 % below (mm)"),
            rows,
            title=f"Pseudo-labels from exact landmarks with {config.noise_px:g} px of noise per axis",
        )
    return [asdict(one) for one in found]


def _synthetic(config: LiftingBenchmarkConfig) -> dict[str, Any]:
    from mien.evaluation.landmarks.exact_faces import read_exact_faces
    from mien.evaluation.lifting import synthetic_lifts as lifts
    from mien.landmarks.predictor import LandmarkPredictor
    from mien.lifting.lifter import Lifter

    faces = read_exact_faces(config.data, most=config.count, held_out=config.held_out)
    truth = lifts.read_test_faces(faces)
    methods: dict[str, lifts.Method] = {"2D network": lifts.network_method()}
    template_m = None
    for shown, name in told_apart(config.networks).items():
        lifter = Lifter(name)
        if template_m is None:
            template_m = lifter.template_m
            methods["template, posed"] = lifts.template_method(lifter, template_m)
        methods[shown] = lifts.lifting_method(lifter)
    if config.fit:
        methods["2D network + fit"] = lifts.fit_method()
    assert template_m is not None
    with progress_bar("faces", quiet=config.output.json) as report:
        results = lifts.measure_methods(
            reported(faces, report),
            truth,
            methods,
            predictor=LandmarkPredictor(config.model),
            template_m=template_m,
        )
    if not config.output.json:
        _print_tables(results, truth)
    return {name: _figures(result, truth) for name, result in results.items()}


def _figures(result: MethodResult, truth: TestFaces) -> dict[str, Any]:
    import numpy as np

    from mien.evaluation.lifting.synthetic_lifts import table_row

    bands = truth.yaw_bands()
    figures: dict[str, Any] = {
        "nmlc": table_row(result.points.nmlc, truth),
        "nme": table_row(result.points.nme, truth),
        "nmlc_by_yaw": {
            name: 100 * float(np.nanmean(result.points.nmlc[chosen]))
            for name, chosen in bands.items()
            if chosen.any()
        },
        "faces_by_yaw": {name: int(chosen.sum()) for name, chosen in bands.items()},
        "not_found": int(np.isnan(result.points.nme).all(axis=1).sum()),
    }
    if result.shapes is not None:
        shapes = result.shapes
        figures["shape"] = {
            "error_mm": shapes.error_mm(),
            "template_mm": shapes.template_mm(),
            "explained": shapes.explained(),
        }
        figures["shape_by_yaw"] = {
            name: {
                "error_mm": shapes.error_mm(chosen),
                "template_mm": shapes.template_mm(chosen),
                "explained": shapes.explained(chosen),
            }
            for name, chosen in bands.items()
            if chosen.any()
        }
    return figures


def _print_tables(results: dict[str, MethodResult], truth: TestFaces) -> None:
    figures = {name: _figures(result, truth) for name, result in results.items()}
    columns = list(next(iter(figures.values()))["nmlc"])
    for kind, title in (("nmlc", "NMLC, %"), ("nme", "NME, %")):
        rows = [(name, *(f"{one[kind][column]:.2f}" for column in columns)) for name, one in figures.items()]
        print_table(("", *columns), rows, title=f"{title} of the face's size; {len(truth.yaw_deg)} faces")
    bands = list(next(iter(figures.values()))["nmlc_by_yaw"])
    counts = next(iter(figures.values()))["faces_by_yaw"]
    rows = [(name, *(f"{one['nmlc_by_yaw'][band]:.2f}" for band in bands)) for name, one in figures.items()]
    print_table(("", *(f"{band} ({counts[band]})" for band in bands)), rows, title="NMLC by yaw, %")
    rows = []
    for name, one in figures.items():
        if "shape" not in one:
            continue
        cells = [one["shape"], *(one["shape_by_yaw"][band] for band in bands)]
        rows.append((name, *(f"{cell['error_mm']:.2f} ({cell['explained']:.2f})" for cell in cells)))
    usual = next(one for one in figures.values() if "shape" in one)
    cells = [usual["shape"], *(usual["shape_by_yaw"][band] for band in bands)]
    rows.append(("mean template", *(f"{cell['template_mm']:.2f} (0)" for cell in cells)))
    print_table(
        ("", "all", *bands),
        rows,
        title="3D after a similarity: mm (explained displacement from the template)",
    )


def _ytf68(config: LiftingBenchmarkConfig) -> dict[str, Any]:
    from typing import cast

    from mien.evaluation.landmarks.ytf68 import evaluate
    from mien.evaluation.lifting.lifted_finder import LiftedFinder
    from mien.landmarks.landmarker import Landmarker
    from mien.lifting.lifter import Lifter

    assert config.ytf68 is not None
    landmarker = Landmarker(config.model)
    finders = {config.model: landmarker}
    for shown, name in told_apart(config.networks).items():
        finders[shown] = cast("Landmarker", LiftedFinder(landmarker, Lifter(name)))
    figures = {}
    for name, finder in finders.items():
        with progress_bar(name, quiet=config.output.json) as report:
            figures[name] = evaluate(config.ytf68, finder, report=report).figures()
    if not config.output.json:
        rows = [
            (
                name,
                f"{100 * one['nme']:.2f} %",
                f"{100 * one['nme_untranslated']:.2f} %",
                str(one["undetected"]),
            )
            for name, one in figures.items()
        ]
        print_table(("", "NME", "without translation", "not found"), rows, title="YTF-68, val.csv")
    return figures


def _portraits(config: LiftingBenchmarkConfig) -> dict[str, Any]:
    from dataclasses import asdict

    from mien.evaluation.landmarks.portrait_pictures import find_points, measure, read_portraits
    from mien.evaluation.lifting.lifted_finder import LiftedFinder
    from mien.landmarks.landmarker import Landmarker
    from mien.lifting.lifter import Lifter

    assert config.portraits is not None
    portraits = read_portraits(config.portraits)
    landmarker = Landmarker(config.model)
    finders: dict[str, Any] = {config.model: landmarker}
    for shown, name in told_apart(config.networks).items():
        finders[shown] = LiftedFinder(landmarker, Lifter(name))
    results = {}
    for name, finder in finders.items():
        with progress_bar(name, quiet=config.output.json) as report:
            results[name] = measure(portraits, find_points(portraits, finder, report=report)).figures
    if not config.output.json:
        first = next(iter(results.values()))
        rows = [("mean face", f"{100 * first.nme_mean_face:.2f} %", "0", "0")]
        rows += [
            (name, f"{100 * one.nme:.2f} %", f"{one.person.slope:.2f}", f"{one.person.explained:.2f}")
            for name, one in results.items()
        ]
        print_table(("", "NME", "slope", "explained"), rows, title="Portraits")
    return {name: asdict(one) for name, one in results.items()}
