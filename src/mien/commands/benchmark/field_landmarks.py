"""`mien benchmark field-landmarks`: 3D landmarks in really trained fields, baselines, ablations."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import parse
from mien.commands.benchmark.output import print_json, print_table, progress
from mien.errors import InputError

if TYPE_CHECKING:
    from mien.evaluation.fields.held_out_fields import TestField
    from mien.evaluation.fields.landmark_errors import MethodFigures


@dataclass(frozen=True)
class FieldLandmarksBenchmark:
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
    assets: Path | None = None
    """With --make: folder that holds ict_facekit/ and makehuman/."""
    preset: Literal["draft", "standard", "quality"] = "draft"
    """With --make: how the neutral fields are trained."""
    views: int = 24
    """With --make: pictures of each field."""
    softplus: bool = False
    """With --make: softplus densities (solid fields) instead of ReLU ones (hollow fields)."""
    camera_noise_deg: float = 0.0
    """With --make: standard deviation of the angles by which cameras are turned, as if badly estimated."""
    expressions: int = 20
    """With --make: so many of the basic expressions, from neutral on."""
    networks: Path | None = None
    """A .safetensors file instead of the shipped networks."""
    upright: bool = False
    """Look for upright heads that face +z only, as all test heads do."""
    baselines: bool = False
    """Measure what landmarks in fields are compared with as well."""
    rejection: bool = False
    """Measure how often something without a face is taken for a head."""
    ablations: bool = False
    """Tables 2, 3, 5 and 6 of the paper: train (a) to (d) for both encoders and both shape models."""
    volumes: Path | None = None
    """With --ablations: folder of training volumes."""
    minutes: float = 10.0
    """With --ablations: training time of each network."""
    steps: int | None = None
    """With --ablations: training steps of each fine network (three times as many of each coarse one), instead
    of minutes."""
    out: Path | None = None
    """With --ablations: folder for the networks; those already there are not trained again."""
    only: Literal["all", "voxresnet-bilinear", "voxresnet-linear", "vgg-bilinear", "vgg-linear"] = "all"
    """With --ablations: one of the four tables."""
    most: int | None = None
    """Measure only so many fields, evenly chosen."""
    json: bool = False
    """Print one JSON document to stdout and nothing else."""


def run(arguments: list[str]) -> int:
    """Measure and print."""
    config = parse(FieldLandmarksBenchmark, arguments, prog="mien benchmark field-landmarks")
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
    seen = fields if config.json else list(fields)
    shown = seen if config.json else progress(seen, "fields")
    measured = measure_fields(shown, networks=config.networks, upright=config.upright)
    rows = list(measured.rows)
    if config.baselines:
        rows += measure_baselines(seen if config.json else progress(seen, "baselines"))
    if config.json:
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
    print_table(f"{title}: Wing ×10 ± spread (mean distance)", header, body)


def _rejection(config: FieldLandmarksBenchmark, fields: list[TestField]) -> int:
    from mien.evaluation.fields.rejection import measure_rejection

    def quietly(items: Iterable[Any], _: str) -> Iterable[Any]:
        return items

    kinds = measure_rejection(
        config.data, fields, networks=config.networks, progress=quietly if config.json else progress
    )
    if config.json:
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
    print_table("What is taken for a head", header, body)
    return 0


def _make(config: FieldLandmarksBenchmark) -> int:
    from mien.evaluation.fields.held_out_fields import FieldTestConfig, make_test_fields
    from mien.evaluation.fields.rejection import make_things

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if config.assets is None:
        raise InputError("--make needs --assets", source="mien benchmark field-landmarks")
    made = make_test_fields(
        config.assets,
        config.data,
        config=FieldTestConfig(
            preset=config.preset,
            views=config.views,
            softplus=config.softplus,
            camera_noise_deg=config.camera_noise_deg,
            expressions=config.expressions,
        ),
        report=say,
    )
    made += make_things(config.data, report=say)
    print(f"{made} fields trained in {config.data}")
    print(f"next: mien benchmark field-landmarks --data {config.data}")
    return 0


def _ablations(config: FieldLandmarksBenchmark) -> int:
    from mien.training.landmarks_in_fields.ablations import run_ablations

    if config.volumes is None or config.out is None:
        raise InputError("--ablations needs --volumes and --out", source="mien benchmark field-landmarks")
    tables = run_ablations(
        config.volumes,
        config.out,
        max_minutes=config.minutes,
        max_steps=config.steps,
        only=None if config.only == "all" else config.only,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if config.json:
        return print_json({name: [asdict(row) for row in rows] for name, rows in tables.items()})
    for name, rows in tables.items():
        print_rows(f"{name} on analytic volumes", rows)
    return 0
