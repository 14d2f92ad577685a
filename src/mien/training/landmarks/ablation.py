"""Ablations: the same small training with one thing changed at a time, and a table of what that did."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.crops.augment import AugmentConfig
from mien.datasets.crops.batches import BatchPlan
from mien.datasets.crops.feeder import FeederConfig
from mien.errors import InputError
from mien.files import write_text
from mien.heads.mesh_hierarchy.triangulation import LandmarkMesh
from mien.learning.trainer import CHECKPOINT_NAME, LOG_NAME, TrainingProgress
from mien.training.landmarks.checkpoints import Checkpoint, load_checkpoint
from mien.training.landmarks.loop import LandmarkTrainingConfig, train
from mien.training.landmarks.networks import LandmarkNetworkConfig
from mien.training.landmarks.onnx_export import export_onnx, training_command, write_landmark_card
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
    "pictures": {f"{count} pictures": {"pictures": count} for count in (500, 2000, 8000, 32000)},
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
"""Name of each study to its variants; a variant says what it changes. Changes: loss, edge_weight, pictures,
augmentation, size, network, decoder, learning_rate."""


@dataclass(frozen=True)
class Training:
    """One training, ready to start."""

    plan: BatchPlan
    network: LandmarkNetworkConfig
    options: LandmarkTrainingConfig

    def changed(self, changes: dict[str, Any]) -> Training:
        """The same training with changes by name, as in `STUDIES`.

        Raises:
            InputError: a change is unknown.
        """
        plan, network, options = self.plan, self.network, self.options
        for name, value in changes.items():
            if name in ("loss", "edge_weight", "learning_rate"):
                options = replace(options, **{name: value})
            elif name in ("network", "decoder"):
                network = replace(network, **{name: value})
            elif name == "size":
                plan, network = replace(plan, size=value), replace(network, input_size=value)
            elif name == "pictures":
                plan = replace(plan, max_pictures=value)
            elif name == "augmentation":
                options_of = AugmentConfig.usual if value else AugmentConfig.none
                plan = replace(plan, options=options_of(crop_scale=plan.options.warp.crop_scale))
            else:
                raise InputError(
                    f"unknown change {name!r}; known are loss, edge_weight, learning_rate, network, decoder, "
                    "size, pictures, augmentation",
                    source="variants",
                )
        return Training(plan, network, options)


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
    base: Training,
    variants: dict[str, dict[str, Any]],
    *,
    study: str,
    out: str | Path,
    results: str | Path,
    real: str | Path | None = None,
    feeder: FeederConfig | None = None,
    mesh: LandmarkMesh | None = None,
    report: Callable[[str, TrainingProgress], None] | None = None,
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
        feeder, mesh: as for `train`.
        report: called with the variant's name at every line of its log.

    Raises:
        InputError: a change is unknown, or a training fails.
    """
    trainings = {name: base.changed(changes) for name, changes in variants.items()}
    finished: list[VariantResult] = []
    for name, training in trainings.items():
        folder = Path(out) / _file_name(name)
        checkpoint, faces = _trained(name, training, folder, feeder, mesh, report)
        finished.append(_result(name, variants[name], base, training, checkpoint, folder, faces, real))
        _write(finished, base, study, Path(results))
    return finished


def _trained(
    name: str,
    training: Training,
    folder: Path,
    feeder: FeederConfig | None,
    mesh: LandmarkMesh | None,
    report: Callable[[str, TrainingProgress], None] | None,
) -> tuple[Checkpoint, int]:
    begun = (folder / CHECKPOINT_NAME).exists()
    if begun:
        checkpoint = load_checkpoint(folder / CHECKPOINT_NAME)
        if training.options.done(step=checkpoint.step, elapsed_s=checkpoint.elapsed_s) >= 1:
            return checkpoint, _logged_faces(folder)

    def forward(progress: TrainingProgress) -> None:
        if report is not None:
            report(name, progress)

    checkpoint = train(
        training.plan,
        training.network,
        training.options,
        out=folder,
        resume=begun,
        feeder=feeder,
        mesh=mesh,
        report=forward,
    )
    return checkpoint, _logged_faces(folder)


def _logged_faces(folder: Path) -> int:
    lines = (folder / LOG_NAME).read_text().splitlines()
    return int(json.loads(lines[-1])["store_size"]) if lines else 0


def _result(
    name: str,
    changes: dict[str, Any],
    base: Training,
    training: Training,
    checkpoint: Checkpoint,
    folder: Path,
    faces: int,
    real: str | Path | None,
) -> VariantResult:
    network = checkpoint.averaged_network()
    common = replace(base.plan, size=training.plan.size)  # neither its pictures nor its augmentation
    figures = {
        key: asdict(evaluate(network, batch, base.plan.layout.face))
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
        faces=faces,
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


def _write(finished: list[VariantResult], base: Training, study: str, results: Path) -> None:
    from mien import __version__

    content = {
        "format_version": FORMAT_VERSION,
        "study": study,
        "mien_version": __version__,
        "set_name": base.plan.layout.set_name,
        "seed": base.plan.seed,
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
