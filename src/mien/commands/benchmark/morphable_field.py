"""`mien benchmark morphable-field`: FLNeRF's Table 4, and what edits are worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, progress_bar
from mien.commands.options import JsonOption
from mien.progress import reported

if TYPE_CHECKING:
    from mien.evaluation.fields.morphable_pictures import Row
    from mien.morphable_fields.models import MorphableModel
    from mien.synthetic.expressive_people.pictures import ExpressivePeople


@dataclass(frozen=True)
class MorphableFieldBenchmarkConfig:
    """Fields that landmarks and a texture steer, against true pictures of synthetic people.

    pictures: Table 4's layout, one picture of each person and expression, with the nearest training picture
    and the head at rest as baselines. edits: pictures of edited heads against true ones, the surface against
    the true mesh, what landmark networks find, how far an edit spills, seconds.
    """

    test_people: Path
    """File of `mien synth people`."""
    compared: tuple[Path, ...] = ()
    """Further models' files (mien train export-morphable-field), besides the shipped one."""
    what: Literal["pictures", "edits"] = "pictures"
    """Which of the two."""
    whom: Literal["views", "strangers"] = "views"
    """Unseen views of the people that a file is for learning from, or people that it is not."""
    resolution: int = 128
    """Side of the pictures that are compared."""
    limit: int | None = None
    """Only so many pictures, evenly chosen."""
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Measure and print."""
    config = parse(MorphableFieldBenchmarkConfig, arguments, prog="mien benchmark morphable-field")
    import numpy as np

    from mien.morphable_fields.model_files import SHIPPED, read_model
    from mien.synthetic.expressive_people.pictures import (
        UNSEEN_PERSON,
        UNSEEN_VIEW,
        at_size,
        read_people,
    )

    people = at_size(read_people(config.test_people), config.resolution)
    indices = people.of_kind(UNSEEN_VIEW if config.whom == "views" else UNSEEN_PERSON)
    if config.limit is not None and config.limit < len(indices):
        indices = indices[np.linspace(0, len(indices) - 1, config.limit).round().astype(int)]
    models = {"shipped (d)": read_model(SHIPPED)} | {path.stem: read_model(path) for path in config.compared}
    if config.what == "edits":
        return _edits(config, next(iter(models.values())), people, indices)
    rows = _rows(config, models, people, indices)
    if config.output.json:
        return print_json({"pictures": len(indices), "rows": [_plain(row) for row in rows]})
    header = ["", "whole dB", "inside dB", "mouth dB", "eyes dB", "SSIM ×10", "GMSD ×10", "parameters"]
    body = []
    for row in rows:
        cells = [row.name]
        cells += [
            f"{row.mean(w):.2f} ± {row.spread(w):.2f}"
            for w in ("whole_db", "inside_db", "mouth_db", "eyes_db")
        ]
        cells += [f"{10 * row.mean('ssim'):.2f}", f"{10 * row.mean('gmsd'):.2f}"]
        body.append([*cells, f"{row.parameters:,}" if row.parameters else "–"])
    print_table(header, body, title=f"{len(indices)} pictures of {config.resolution}²")
    return 0


def _rows(
    config: MorphableFieldBenchmarkConfig,
    models: dict[str, MorphableModel],
    people: ExpressivePeople,
    indices: Any,
) -> list[Row]:
    from mien.evaluation.fields.morphable_pictures import (
        face_of_landmarks,
        face_of_person,
        measure_model,
        measure_nearest,
    )
    from mien.morphable_fields.models import parameter_count

    rows = [measure_nearest(people, indices)]
    for name, model in models.items():
        for label, face_of, static in (
            (name, face_of_person, False),
            (f"{name}, landmarks alone", face_of_landmarks, False),
            (f"{name}, at rest", face_of_person, True),
        ):
            with progress_bar(label, quiet=config.output.json) as report:
                rows.append(
                    measure_model(
                        label,
                        model,
                        people,
                        indices,
                        face_of=face_of,
                        static=static,
                        parameters=parameter_count(model),
                        report=report,
                    )
                )
    return rows


def _plain(row: Row) -> dict[str, Any]:
    names = ("whole_db", "inside_db", "mouth_db", "eyes_db", "ssim", "gmsd")
    means = {name: round(row.mean(name), 4) for name in names}
    spreads = {f"{name}_spread": round(row.spread(name), 4) for name in names}
    return {"name": row.name, "parameters": row.parameters, **means, **spreads}


def _edits(
    config: MorphableFieldBenchmarkConfig, model: MorphableModel, people: ExpressivePeople, indices: Any
) -> int:
    import numpy as np

    from mien.evaluation.fields.morphable_edits import (
        MOUTH_MOVES,
        landmark_following,
        loop_error_mm,
        measure_edit,
        seconds_of_pictures,
        spill,
        surface_error_mm,
    )
    from mien.evaluation.fields.morphable_pictures import face_of_landmarks, face_of_person
    from mien.heads.library import load_head
    from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig

    head, landmarker = load_head(), FieldLandmarker(config=SearchConfig(second_opinion=None))
    edits, surfaces, alone, following, loops, spills = [], [], [], [], [], []
    with progress_bar("edits", quiet=config.output.json) as report:
        for index in reported([int(i) for i in indices], report):
            edit = measure_edit(model, people, index)
            if edit is not None:
                edits.append(edit)
            vertices_m = people.vertices_m(head, index)
            face = face_of_person(people, index)
            surfaces.append(surface_error_mm(model, face, vertices_m))
            alone.append(surface_error_mm(model, face_of_landmarks(people, index), vertices_m))
            spills += [spill(model, face.neutral(), move) for move in MOUTH_MOVES]
    with progress_bar("landmarks", quiet=config.output.json) as report:
        for index in reported([int(i) for i in indices[:: max(1, len(indices) // 10)]], report):
            face = face_of_person(people, index)
            followed = landmark_following(
                model, face, people.vertices_m(head, index), face.landmarks_m, landmarker
            )
            if followed is not None:
                following.append(followed)
            looped = loop_error_mm(face, model, landmarker)
            if looped is not None:
                loops.append(looped[1])
    gains = np.array([[e.region_db - e.region_before_db, e.rest_db - e.rest_before_db] for e in edits])
    face = face_of_person(people, int(indices[0]))
    excess = [each.generated_mm - each.true_mm for each in following]
    figures = {
        "edited pictures": len(edits),
        "edited region, dB": float(np.mean([e.region_db for e in edits])),
        "the same, left alone, dB": float(np.mean([e.region_before_db for e in edits])),
        "gain in the region, dB": float(gains[:, 0].mean()),
        "change elsewhere, dB": float(gains[:, 1].mean()),
        "largest loss elsewhere, dB": float(gains[:, 1].min()),
        "surface, person known, mm (median)": float(np.median([s[0] for s in surfaces])),
        "surface, person known, mm (95 %)": float(np.median([s[1] for s in surfaces])),
        "surface, landmarks alone, mm (median)": float(np.median([s[0] for s in alone])),
        "surface, landmarks alone, mm (95 %)": float(np.median([s[1] for s in alone])),
        "landmarks found in generated fields, mm": float(np.mean([f.generated_mm for f in following])),
        "landmarks found in true fields, mm": float(np.mean([f.true_mm for f in following])),
        "excess, mm": float(np.mean(excess)),
        "landmarks after field → landmarks → field, mm": float(np.mean(loops)),
        "spill of mouth moves (mean)": float(np.mean(spills)),
        "spill of mouth moves (largest)": float(np.max(spills)),
        "still of 256², s": seconds_of_pictures(model, face, size_px=256),
        "preview of 96², s": seconds_of_pictures(model, face, size_px=96),
    }
    if config.output.json:
        return print_json({"figures": figures, "edits": [asdict(edit) for edit in edits]})
    body = [
        [name, f"{value:.3f}" if isinstance(value, float) else str(value)] for name, value in figures.items()
    ]
    print_table(["figure", "value"], body)
    return 0
