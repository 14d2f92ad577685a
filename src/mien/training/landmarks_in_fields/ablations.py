"""FLNeRF's ablations (Tables 2, 3, 5, 6): parts left out, for both encoders and both shape models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from mien.evaluation.fields.landmark_errors import FieldResult, MethodFigures, figures
from mien.evaluation.fields.volume_fields import volume_as_field
from mien.landmarks_in_fields.config import EncoderKind, FieldNetworkConfig, FineNetworkConfig
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.landmarks_in_fields.network_files import NetworkPair
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.learning.checkpoints import CHECKPOINT_NAME
from mien.learning.trainer import VALIDATED
from mien.progress import Progress
from mien.synthetic.volumes.head_volume import HeadVolume
from mien.synthetic.volumes.volume_store import read_volume
from mien.training.landmarks_in_fields.checkpoints import averaged_network
from mien.training.landmarks_in_fields.config import (
    CoarseTrainingConfig,
    FineTrainingConfig,
    VolumeDataConfig,
)
from mien.training.landmarks_in_fields.training import train_field_landmarks
from mien.training.landmarks_in_fields.volume_sampler import is_held_out

TABLES: dict[str, tuple[EncoderKind, Literal["bilinear", "linear"]]] = {
    "voxresnet-bilinear": ("voxresnet", "bilinear"),
    "voxresnet-linear": ("voxresnet", "linear"),
    "vgg-bilinear": ("vgg", "bilinear"),
    "vgg-linear": ("vgg", "linear"),
}
"""The paper's Tables 2, 3, 5 and 6."""
FINE_VARIANTS: dict[str, tuple[Literal["all", "basic"], Literal[1, 4], bool]] = {
    "(b) without expression augmentation": ("basic", 4, False),
    "(c) two scales: whole and face": ("all", 1, False),
    "(d) all": ("all", 4, False),
    "(e) all, and heatmaps": ("all", 4, True),
}
"""Row to the expressions it is trained on, its number of boxes, and `FineNetworkConfig.local`; (e) is not
the paper's."""
MEASURED_LISTED = 60
COARSE_STEPS = 3
"""Times the fine networks' steps, where a training's length is given in steps: theirs cost more each."""


def held_out_volumes(folder: Path, most: int = MEASURED_LISTED) -> list[HeadVolume]:
    """Volumes of a store that no training uses, with named expressions."""
    out = []
    for path in sorted(folder.glob("[0-9]*.npz")):
        if is_held_out(path) and len(out) < most:
            volume = read_volume(path)
            if volume.kind in ("basic", "listed"):
                out.append(volume)
    return out


def run_ablations(
    volumes: Path,
    out: Path,
    *,
    max_minutes: float,
    max_steps: int | None = None,
    only: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, list[MethodFigures]]:
    """Train what is not in `out` yet and measure on held-out analytic volumes, from the coarse predictions
    on.

    Args:
        max_minutes, max_steps: length of each training, see `TrainingConfig`.
        only: one of `TABLES`.
        report: told each result as a line.

    Raises:
        InputError: there are no volumes.
    """
    tables = {}
    held_out = held_out_volumes(volumes)
    samples = VolumeDataConfig(volumes=(volumes,))
    base = CoarseTrainingConfig(samples)
    settings = replace(base.training, max_minutes=max_minutes, max_steps=max_steps)
    longer = replace(settings, max_steps=None if max_steps is None else COARSE_STEPS * max_steps)
    for name, (encoder, shape) in TABLES.items():
        if only is not None and name != only:
            continue
        coarse_folder = out / name / "coarse"
        coarse_network = FieldNetworkConfig(encoder=encoder, shape=shape)
        coarse = _trained(replace(base, network=coarse_network, training=longer), coarse_folder, report)
        rows: list[MethodFigures] = []
        for row, (expressions, boxes, local) in FINE_VARIANTS.items():
            config = FineTrainingConfig(
                replace(samples, expressions=expressions),
                FineNetworkConfig(encoder=encoder, shape=shape, boxes=boxes, local=local),
                settings,
                coarse=coarse_folder / CHECKPOINT_NAME,
            )
            folder = out / name / f"fine-{expressions}-{boxes}{'-local' if local else ''}"
            fine = _trained(config, folder, report)
            pair = NetworkPair(coarse, fine)
            landmarker = FieldLandmarker(pair, SearchConfig(upright=True, min_confidence=0.0))
            first, last = [], []
            for volume in held_out:
                found = landmarker(volume_as_field(volume))
                expression = volume.name.split("-", 1)[1]
                first.append(FieldResult(found.coarse_points_m, volume.landmarks_m, expression))
                last.append(FieldResult(found.points_m, volume.landmarks_m, expression))
            if not rows:
                rows.append(figures("(a) coarse only", first))
            rows.append(figures(row, last))
            report(f"{name} {row}: {rows[-1].everything['whole'].wing_x10:.2f}")
        tables[name] = rows
    return tables


def _trained(config: CoarseTrainingConfig, out: Path, report: Callable[[str], None]) -> FieldLandmarkNetwork:
    """Goes on, or is done at once."""

    def say(progress: Progress) -> None:
        if progress.label == VALIDATED:
            figures = ", ".join(f"{name} {value:.2f}" for name, value in progress.figures.items())
            report(f"{out.name}: {figures}")

    there = (out / CHECKPOINT_NAME).exists()
    return averaged_network(train_field_landmarks(config, out=out, resume=there, report=say))
