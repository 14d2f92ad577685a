"""FLNeRF's ablations (Tables 2, 3, 5, 6): parts left out, for both encoders and both shape models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.field_landmarks.network import LandmarkNetwork, NetworkConfig
from mien.field_landmarks.predict import FieldLandmarker, SearchConfig
from mien.field_landmarks.sources import GridField
from mien.field_landmarks.weights import NetworkPair
from mien.training.field_landmarks.bank import read_volume
from mien.training.field_landmarks.batches import VALIDATION_EVERY
from mien.training.field_landmarks.evaluation import FieldResult, MethodFigures, figures
from mien.training.field_landmarks.head_volume import HeadVolume
from mien.training.field_landmarks.train import (
    LandmarkTraining,
    TrainingReport,
    read_trained,
    train_landmark_network,
)

TABLES: dict[str, tuple[str, str]] = {
    "voxresnet-bilinear": ("voxresnet", "bilinear"),
    "voxresnet-linear": ("voxresnet", "linear"),
    "vgg-bilinear": ("vgg", "bilinear"),
    "vgg-linear": ("vgg", "linear"),
}
"""The paper's Tables 2, 3, 5 and 6."""
FINE_VARIANTS: dict[str, tuple[str, int]] = {
    "(b) without expression augmentation": ("basic", 4),
    "(c) two scales: whole and face": ("all", 1),
    "(d) all": ("all", 4),
}
"""Row to the expressions it is trained on and its number of boxes."""
MEASURED_LISTED = 60


def volume_as_field(volume: HeadVolume) -> GridField:
    """An analytic volume as a field."""
    rgba = volume.rgba.astype(np.float32) / 255
    rgba[..., :3] /= np.maximum(rgba[..., 3:], 1e-3)
    bounds_m = np.stack([volume.low_m, volume.low_m + np.array(rgba.shape[:3]) * volume.voxel_m])
    return GridField(np.clip(rgba, 0, 1), bounds_m)


def held_out_volumes(folder: Path, most: int = MEASURED_LISTED) -> list[HeadVolume]:
    """Volumes of the bank that no training uses, with named expressions."""
    out = []
    for path in sorted(folder.glob("[0-9]*.npz")):
        if int(path.stem) % VALIDATION_EVERY == 0 and len(out) < most:
            volume = read_volume(path)
            if volume.kind != "random":
                out.append(volume)
    return out


def run_ablations(
    volumes: Path,
    out: Path,
    *,
    minutes: float,
    only: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, list[MethodFigures]]:
    """Train what is not in `out` yet and measure on held-out analytic volumes, from the coarse predictions
    on.

    Args:
        minutes: of each training.
        only: one of `TABLES`.

    Raises:
        InputError: there are no volumes.
    """
    tables = {}
    held_out = held_out_volumes(volumes)
    for name, (encoder, shape) in TABLES.items():
        if only is not None and name != only:
            continue
        base = LandmarkTraining(
            network=NetworkConfig(stage="coarse", encoder=encoder, shape=shape),  # type: ignore[arg-type]
            volumes=volumes,
            out=out / name / "coarse",
            max_minutes=minutes,
        )
        coarse, coarse_path = _trained(base, report)
        rows: list[MethodFigures] = []
        for row, (expressions, boxes) in FINE_VARIANTS.items():
            network = replace(base.network, stage="fine", boxes=boxes)
            training = replace(
                base,
                network=network,
                coarse=coarse_path,
                expressions=expressions,
                out=out / name / f"fine-{expressions}-{boxes}",
            )
            pair = NetworkPair(coarse, _trained(training, report)[0])
            landmarker = FieldLandmarker(pair, SearchConfig(upright=True, least_confidence=0.0))
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


def _trained(training: LandmarkTraining, report: Callable[[str], None]) -> tuple[LandmarkNetwork, Path]:

    def say(state: TrainingReport) -> None:
        if state.validation_wing == state.validation_wing:
            report(f"{training.out.name}: {state.seconds:.0f} s, wing×10 {10 * state.wing:.2f}")

    path = train_landmark_network(training, report=say)  # goes on, or is done at once
    return read_trained(path)[0], path
