"""Ablations: the same small training with one thing changed at a time, and a table of what that did."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.crops.batches import CropDataset
from mien.datasets.crops.feeder import FeederConfig
from mien.datasets.crops.layout import LandmarkLayout
from mien.errors import InputError
from mien.files import write_text
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.flat_settings import with_settings
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import VALIDATED
from mien.learning.training_log import LOG_NAME
from mien.progress import Progress, ProgressReport, silent
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.regular_files import read_text
from mien.training.landmarks.checkpoints import averaged_network, read_checkpoint
from mien.training.landmarks.config import LandmarkTrainingConfig
from mien.training.landmarks.onnx_export import export_onnx, training_command, write_landmark_card
from mien.training.landmarks.training import train_landmarks
from mien.training.landmarks.validation import evaluate, validation_batches

FORMAT_VERSION = 1

STUDIES: dict[str, dict[str, dict[str, Any]]] = {
    "losses": {
        "Gaussian": {"loss": "gaussian"},
        "L2": {"loss": "l2"},
        "Laplacian": {"loss": "laplacian"},
        "ResLL": {"loss": "residual"},
        "ResLL Exp": {"loss": "residual_exp"},
        "Gaussian + edges": {"loss": "gaussian", "edge_weight": 1.0},
        "ResLL Exp + edges": {"loss": "residual_exp", "edge_weight": 1.0},
    },
    "pictures": {f"{count} pictures": {"max_pictures": count} for count in (500, 2000, 8000, 32000)},
    "augmentation": {"on": {"augmentation": True}, "off": {"augmentation": False}},
    "resolution": {f"{size} px": {"size": size} for size in (64, 96, 128, 160)},
    "backbone": {
        name: {"network": name}
        for name in (
            "compact14",
            "resnet18_half",
            "resnet18",
            "resnet50",
            "mobilenet_v2",
            "mobilenet_v3_large",
            "convnext_tiny",
            "swin_tiny",
        )
    },
    "decoder": {
        "linear": {"decoder": "linear"},
        "MLP": {"decoder": "mlp"},
        "SpiralNet++": {"decoder": "spiral"},
    },
}
"""Name of each study to its variants; a variant says what it changes, see `CHANGES`."""

CHANGES = (
    "loss", "edge_weight", "opening_weight", "learning_rate", "network", "decoder", "size", "max_pictures",
    "augmentation",
)  # fmt: skip
"""Options of `LandmarkTrainingConfig` that a variant may change."""


def changed(base: LandmarkTrainingConfig, changes: dict[str, Any]) -> LandmarkTrainingConfig:
    """The same training with changes by name, as in `STUDIES`.

    Raises:
        InputError: a change is unknown.
    """
    unknown = [name for name in changes if name not in CHANGES]
    if unknown:
        raise InputError(f"unknown change {unknown[0]!r}; known are {', '.join(CHANGES)}", source="variants")
    return with_settings(base, changes)


@dataclass(frozen=True)
class VariantResult:
    """What one variant came to.

    Attributes:
        name: of the variant.
        changes: what it changed.
        steps, minutes: how long it trained.
        faces: different synthetic faces it saw.
        parameters: of the network that is kept, in millions.
        single_thread_ms: time for a crop with ONNX Runtime on one thread, milliseconds.
        figures: by validation batch ("plain", "hard"), the same batches for every variant.
        real_nme: inter-ocular error on YTF-68's val.csv, started from the labels, as a
            share; None unless asked for.
        command: the command line that trains it alone.
    """

    name: str
    changes: dict[str, Any]
    steps: int
    minutes: float
    faces: int
    parameters: float
    single_thread_ms: float
    figures: dict[str, dict[str, float]]
    real_nme: float | None
    command: str


def run_ablation(
    base: LandmarkTrainingConfig,
    variants: dict[str, dict[str, Any]],
    *,
    study: str,
    out: str | Path,
    results: str | Path,
    real: str | Path | None = None,
    feeder: FeederConfig | None = None,
    layout: LandmarkLayout | None = None,
    report: ProgressReport = silent,
) -> list[VariantResult]:
    """Train every variant and write `results`/ablation-STUDY.md and .json, anew after each.

    Every variant's checkpoint, network (ONNX) and card lie in a folder of `out`, so that it can be measured
    on real pictures too; called again, finished variants are not trained again, broken-off ones go on.

    Args:
        base: what the variants change.
        variants: name to changes, as in `STUDIES`.
        study: name for the files.
        out: folder for the trainings.
        results: folder for the table.
        real: folder of YTF-68 (`mien.evaluation.landmarks.ytf68`), to measure every variant on real pictures.
        feeder, layout: as for `train_landmarks`.
        report: told the variants that are done, with a part of the one that is being trained.

    Raises:
        InputError: a change is unknown, or a training fails.
    """
    trainings = {name: changed(base, changes) for name, changes in variants.items()}
    dataset = CropDataset.of(base.crops, seed=base.training.seed, layout=layout)
    finished: list[VariantResult] = []
    for name, training in trainings.items():
        folder = Path(out) / _file_name(name)

        def of_all(progress: Progress, name: str = name, before: int = len(finished)) -> None:
            if progress.label != VALIDATED:
                done = before + (progress.share or 0.0)
                report(Progress(done, len(variants), f"{name}: {progress.label}", progress.figures))

        checkpoint = _trained(training, folder, feeder, layout, of_all)
        finished.append(_result(name, variants[name], dataset, checkpoint, folder, real))
        _write(finished, dataset, study, Path(results))
    return finished


def _trained(
    training: LandmarkTrainingConfig,
    folder: Path,
    feeder: FeederConfig | None,
    layout: LandmarkLayout | None,
    report: ProgressReport,
) -> Checkpoint:
    begun = (folder / CHECKPOINT_NAME).exists()
    if begun:
        checkpoint = read_checkpoint(folder / CHECKPOINT_NAME)
        if CosineSchedule(training.training).share(checkpoint.step, checkpoint.elapsed_s) >= 1:
            return checkpoint
    return train_landmarks(training, out=folder, resume=begun, feeder=feeder, layout=layout, report=report)


def _logged_faces(folder: Path) -> int:
    """From how many faces the last batches of a training were drawn.

    Raises:
        InputError: its log is missing or damaged.
    """
    path = folder / LOG_NAME
    lines = read_text(path).splitlines()
    if not lines:
        return 0
    what = "its last line is no line of a training's log"
    line = FileValues({"line": parse_json(lines[-1], source=path, what=what)}, source=path).inner("line")
    return line.integer("faces", high=10**12)


def _result(
    name: str,
    changes: dict[str, Any],
    base: CropDataset,
    checkpoint: Checkpoint,
    folder: Path,
    real: str | Path | None,
) -> VariantResult:
    network = averaged_network(checkpoint)
    # the base's data, neither the variant's pictures nor its augmentation
    common = replace(base, config=replace(base.config, size=network.config.input_size))
    figures = {
        key: asdict(evaluate(network, batch, base.layout.face))
        for key, batch in validation_batches(common).items()
    }
    command = training_command(checkpoint)
    check = export_onnx(network, folder / "network.onnx")
    write_landmark_card(checkpoint, check, folder / "network.card.json", name=name, command=command, data=[])
    return VariantResult(
        name=name,
        changes=changes,
        steps=checkpoint.step,
        minutes=checkpoint.elapsed_s / 60,
        faces=_logged_faces(folder),
        parameters=sum(value.numel() for value in network.parameters()) / 1e6,
        single_thread_ms=check.latency_ms,
        figures=figures,
        real_nme=None if real is None else _real_error(folder / "network.onnx", real),
        command=command,
    )


def _real_error(network: Path, data: str | Path) -> float:
    """Inter-ocular error on YTF-68. Faces are not searched: without a trained σ none would be accepted."""
    from mien.evaluation.landmarks.ytf68 import evaluate as evaluate_ytf68
    from mien.evaluation.landmarks.ytf68 import face_where_labelled
    from mien.landmarks.landmarker import Landmarker

    result = evaluate_ytf68(data, Landmarker(network), find=face_where_labelled)
    return float(np.mean(result.errors))


def _write(finished: list[VariantResult], base: CropDataset, study: str, results: Path) -> None:
    from mien import __version__

    content = {
        "format_version": FORMAT_VERSION,
        "study": study,
        "mien_version": __version__,
        "set_name": base.layout.set_name,
        "seed": base.seed,
        "variants": [asdict(result) for result in finished],
    }
    stem = f"ablation-{_file_name(study)}"
    for suffix, text in ((".json", json.dumps(content, indent=2) + "\n"), (".md", table(finished, study))):
        write_text(results / (stem + suffix), text)


def table(finished: list[VariantResult], study: str) -> str:
    """The results as a page of Markdown."""
    lines = [
        f"# Ablation: {study}",
        "",
        "The same training with one thing changed. Figures are over held-out synthetic faces, the same for "
        "every variant: mean error of the face's landmarks in percent of the crop's side on crops as a "
        "tracker cuts them (plain) and on augmented ones (hard), and the share of landmarks within one and "
        "two predicted σ on the hard ones (39 % and 86 % when σ is honest; L2 trains no σ). Real: "
        "inter-ocular error on YTF-68's val.csv after label translation, started from the labelled region.",
        "",
        "| variant | real % | plain % | hard % | within σ | within 2σ | faces | steps | minutes | M weights "
        "| ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in finished:
        plain, hard = result.figures.get("plain"), result.figures.get("hard")
        errors = [f"{100 * part['nme_face']:.2f}" if part else "–" for part in (plain, hard)]
        shares = ["–", "–"]
        if hard and result.changes.get("loss") != "l2":
            shares = [f"{100 * hard[key]:.0f} %" for key in ("within_1_sigma", "within_2_sigma")]
        real = "–" if result.real_nme is None else f"{100 * result.real_nme:.2f}"
        cells = [result.name, real, *errors, *shares, str(result.faces), str(result.steps)]
        cells += [f"{result.minutes:.1f}", f"{result.parameters:.2f}", f"{result.single_thread_ms:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _file_name(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
