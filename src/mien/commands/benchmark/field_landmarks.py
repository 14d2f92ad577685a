"""`mien benchmark field-landmarks`: 3D landmarks in really trained fields, baselines, ablations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import note, print_json, print_table, print_written, progress_bar
from mien.commands.options import AssetsOption, FieldLandmarkerOptions, JsonOption
from mien.commands.usage import UsageError
from mien.evaluation.fields.field_test_config import FieldTestConfig
from mien.files import OutputFolder
from mien.progress import reported

if TYPE_CHECKING:
    from mien.evaluation.fields.held_out_fields import TestField
    from mien.evaluation.fields.landmark_errors import MethodFigures


@dataclass(frozen=True)
class FieldLandmarksBenchmarkConfig:
    """FLNeRF's figures: Wing loss ×10 and millimetres of whole face, mouth, eyes and nose.

    Measured on really trained fields of people that the networks never saw (make them once with --make). With
    --baselines also our 2D landmarks triangulated from 10 views and our single-picture fit from 0°, 45°, 90°.
    With --rejection instead what is said of fields that show no head: things, random bodies, heads whose face
    is cut away. With --ablations networks are trained anew with parts left out, and measured on held-out
    analytic volumes.
    """

    data: Path
    """Folder of the test fields."""
    make: bool = False
    """Photograph, train and save the test fields, and those of things, that are not there yet."""
    baselines: bool = False
    """Measure what landmarks in fields are compared with as well."""
    with_photographs: bool = False
    """Measure landmarks with 2D ones in the photographs that each field was trained on as well."""
    rejection: bool = False
    """Count false detections: fields without a face in which a head is found."""
    ablations: bool = False
    """Tables 2, 3, 5 and 6 of the paper: train (a) to (d) for both encoders and both shape models."""
    volumes: Path | None = None
    """With --ablations: folder of training volumes."""
    minutes: float = 10.0
    """With --ablations: training time of each network."""
    steps: int | None = None
    """With --ablations: training steps of each fine network (three times as many of each coarse one), instead
    of minutes."""
    out: OutputFolder | None = None
    """With --ablations: folder for the networks; those already there are not trained again."""
    only: Literal["all", "voxresnet-bilinear", "voxresnet-linear", "vgg-bilinear", "vgg-linear"] = "all"
    """With --ablations: one of the four tables."""
    most: int | None = None
    """Measure only so many fields, evenly chosen."""
    made: Flat[FieldTestConfig] = FieldTestConfig()
    makers: Flat[AssetsOption] = AssetsOption()
    landmarker: Flat[FieldLandmarkerOptions] = FieldLandmarkerOptions()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Measure and print."""
    config = parse(FieldLandmarksBenchmarkConfig, arguments, prog="mien benchmark field-landmarks")
    if config.make:
        return _make(config)
    if config.ablations:
        return _ablations(config)
    from mien.evaluation.fields.held_out_fields import read_test_fields
    from mien.evaluation.fields.measure import measure_baselines, measure_fields

    fields = list(read_test_fields(config.data))
    if config.most is not None:
        fields = [fields[i * len(fields) // config.most] for i in range(min(config.most, len(fields)))]
    if config.rejection:
        return _rejection(config, fields)
    with progress_bar("fields", quiet=config.output.json) as report:
        measured = measure_fields(
            reported(fields, report),
            networks=config.landmarker.networks,
            upright=config.landmarker.upright,
            pictures=not config.landmarker.no_pictures,
            photographs=config.with_photographs,
        )
    rows = list(measured.rows)
    if config.baselines:
        with progress_bar("baselines", quiet=config.output.json) as report:
            rows += measure_baselines(reported(fields, report))
    if config.output.json:
        return print_json(
            {
                "fields": len(fields),
                "seconds": {"median": measured.median_seconds, "largest": measured.largest_seconds},
                "within_sigma": {"one": measured.within_sigma[0], "two": measured.within_sigma[1]},
                "confidences": list(measured.confidences),
                "rows": [asdict(row) for row in rows],
                "by_person": [asdict(row) for row in measured.by_person],
                "by_expression": [asdict(row) for row in measured.by_expression],
            }
        )
    print_rows(f"{len(fields)} trained fields", rows)
    print_rows("by person", list(measured.by_person))
    print_rows("by expression", list(measured.by_expression))
    print(f"{measured.median_seconds:.2f} s a field (median), {measured.largest_seconds:.2f} s at most")
    one, two = measured.within_sigma
    if not isnan(one):
        print(f"{one:.0%} of the coordinates within one standard deviation told, {two:.0%} within two")
    return 0


def print_rows(title: str, rows: list[MethodFigures]) -> None:
    """A table as the paper's, with distances beside the losses."""
    header = ["method", "faces", "missed", "wrong", "turned by", "shifted by"]
    header += [
        f"{group} {region}" for group in ("all:", "exagg.:") for region in ("whole", "mouth", "eyes", "nose")
    ]
    body = []
    for row in rows:
        cells = [row.name, str(row.faces), str(row.missed), str(row.wrong)]
        cells += [f"{row.pose.rotation_deg:.1f}°", f"{row.pose.position_mm:.1f} mm"]
        for group in (row.everything, row.exaggerated):
            for figure in group.values():
                text = f"{figure.wing_x10:.2f}±{figure.spread:.2f} ({figure.distance_mm:.1f} mm)"
                cells.append("–" if isnan(figure.wing_x10) else text)
        body.append(cells)
    print_table(header, body, title=f"{title}: Wing ×10 ± spread (mean distance)")


def _rejection(config: FieldLandmarksBenchmarkConfig, fields: list[TestField]) -> int:
    from mien.evaluation.fields.rejection import measure_rejection

    with progress_bar(quiet=config.output.json) as report:
        kinds = measure_rejection(
            config.data,
            fields,
            networks=config.landmarker.networks,
            pictures=not config.landmarker.no_pictures,
            report=report,
        )
    if config.output.json:
        return print_json({"kinds": [asdict(kind) for kind in kinds]})
    body = []
    for kind in kinds:
        wrong = [
            f"{name} {confidence:.2f}"
            for name, confidence, found in zip(kind.names, kind.confidences, kind.found, strict=True)
            if found != kind.has_head
        ]
        body.append([kind.kind, str(len(kind.names)), str(sum(kind.found)), ", ".join(wrong)])
    header = ["fields of", "fields", "taken for heads", "wrong (confidence)"]
    print_table(header, body, title="False detections")
    return 0


def _make(config: FieldLandmarksBenchmarkConfig) -> int:
    from mien.evaluation.fields.held_out_fields import make_test_fields
    from mien.evaluation.fields.rejection import make_things

    if config.makers.assets is None:
        raise UsageError("--make needs --assets", source="mien benchmark field-landmarks")
    with progress_bar(quiet=config.output.json) as report:
        made = make_test_fields(
            config.makers.assets,
            config.data,
            config=config.made,
            report=report,
        )
        made += make_things(config.data, report=report)
    print(f"{made} fields trained")
    print_written([config.data], next_step=f"mien benchmark field-landmarks --data {config.data}")
    return 0


def _ablations(config: FieldLandmarksBenchmarkConfig) -> int:
    from mien.training.landmarks_in_fields.ablations import run_ablations

    if config.volumes is None or config.out is None:
        raise UsageError("--ablations needs --volumes and --out", source="mien benchmark field-landmarks")
    tables = run_ablations(
        config.volumes,
        config.out,
        max_minutes=config.minutes,
        max_steps=config.steps,
        only=None if config.only == "all" else config.only,
        report=note,
    )
    if config.output.json:
        return print_json({name: [asdict(row) for row in rows] for name, rows in tables.items()})
    for name, rows in tables.items():
        print_rows(f"{name} on analytic volumes", rows)
    print_written([config.out])
    return 0
