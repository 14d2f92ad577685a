"""How a surface avatar learns."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.avatars.avatar import AvatarFacts
from mien.avatars.dataset import AvatarData
from mien.avatars.frames import feature_masks
from mien.avatars.rig import AvatarControls, AvatarRig, rig_of
from mien.avatars.surface_avatar import SurfaceAvatar, drawn
from mien.avatars.surface_config import SurfaceAvatarConfig
from mien.avatars.surface_features import SurfaceMapper
from mien.avatars.surface_network import MapTensors, SurfaceNetwork
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint, read_checkpoint, training_folder
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import Learner
from mien.learning.trainer import Trainer
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, reported, silent

COMMAND = "mien avatar train"
AVERAGE_DECAY = 0.995


class SurfaceTraining(Training[None]):
    """A surface avatar on its way.

    Args:
        data: frames to learn from; maps: of each.
        preview: makes figures of the network as it is, with every checkpoint.
    """

    kind: ClassVar[str] = "surface-avatar"
    batch_size = 1

    def __init__(
        self,
        network: SurfaceNetwork,
        data: AvatarData,
        maps: list[MapTensors],
        importance: Tensor,
        *,
        max_minutes: float | None = None,
        preview: Callable[[SurfaceNetwork], dict[str, float]] | None = None,
    ) -> None:
        self.network, self.config, self._data, self._maps = network, network.config, data, maps
        self._importance, self._preview = importance, preview
        self.schedule = _SurfaceSchedule(self.config.iterations, max_minutes)
        self.learner = Learner(network, self._groups, average_decay=AVERAGE_DECAY, fused=True)
        self._generator = torch.Generator().manual_seed(self.config.seed)
        self._order = torch.empty(0, dtype=torch.long)

    def losses(self, batch: None) -> dict[str, Tensor]:
        if not len(self._order):
            self._order = torch.randperm(len(self._maps), generator=self._generator)
        row, self._order = int(self._order[0]), self._order[1:]
        target = torch.from_numpy(self._data.rgba[row]).permute(2, 0, 1).float() / 255
        known = torch.from_numpy(self._data.known[row]).float()[None] / 255
        made = self.network([self._maps[row]], noise=self.config.weight_noise)[0]
        behind = torch.rand(3, 1, 1, generator=self._generator)
        picture = made[:3] * made[3:] + (1 - made[3:]) * behind
        wanted = target[:3] * target[3:] + (1 - target[3:]) * behind
        weight = known * (1 + self.config.feature_weight * self._importance[row][None].float())
        off = picture - wanted
        color = (weight * off.abs()).sum() / (3 * weight.sum().clamp(min=1))
        edges = off.new_zeros(())
        for axis in (1, 2):
            length = weight.shape[axis] - 1
            both = torch.minimum(weight.narrow(axis, 1, length), weight.narrow(axis, 0, length))
            edges = edges + (both * off.diff(dim=axis).abs()).sum() / (3 * both.sum().clamp(min=1))
        alpha = (known * (made[3:] - target[3:]).abs()).sum() / known.sum().clamp(min=1)
        # Where nobody knows there is rather nothing: no clouds below the chin
        unknown = ((1 - known) * made[3:]).mean()
        loss = color + self.config.edge_weight * edges + 0.5 * alpha + self.config.empty_weight * unknown
        error = (known * off.detach().square()).sum() / (3 * known.sum().clamp(min=1))
        return {"loss": loss, "error": error, "color": color.detach()}

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {"psnr_db": float(-10 * np.log10(max(losses["error"], 1e-12)))}

    def validate(self) -> dict[str, dict[str, float]]:
        average = self.learner.average
        assert average is not None
        return {} if self._preview is None else {"held_out": self._preview(average.network)}

    def state(self) -> TrainingState:
        plain = {"config": asdict(self.config), "frames": len(self._data), "source": self._data.source}
        return TrainingState(
            flat_settings(self.config),
            plain,
            {"generator": self._generator.get_state(), "order": self._order},
        )

    def load_state(self, checkpoint: Checkpoint) -> None:
        self._generator.set_state(checkpoint.tensors["generator"])
        self._order = checkpoint.tensors["order"]

    def _groups(self) -> list[dict[str, Any]]:
        textures = [self.network.texture, self.network.planes]
        known = {id(value) for value in textures}
        rest = [value for value in self.network.parameters() if id(value) not in known]
        return [
            {"params": rest, "lr": self.config.rate, "weight_decay": 1e-4},
            {"params": textures, "lr": self.config.texture_rate, "weight_decay": 0.0},
        ]


class _SurfaceSchedule:
    """So many steps, or the same course in so many minutes; rates fall along half a cosine to 2 %."""

    def __init__(self, iterations: int, max_minutes: float | None) -> None:
        self._iterations, self._max_minutes = iterations, max_minutes

    def share(self, step: int, elapsed_s: float) -> float:
        if self._max_minutes is not None:
            return min(1.0, elapsed_s / (60 * self._max_minutes))
        return min(1.0, step / self._iterations)

    def rate(self, step: int, elapsed_s: float) -> float:
        return float(0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * self.share(step, elapsed_s))))


@checked_call
def train_surface_avatar(
    data: AvatarData,
    config: SurfaceAvatarConfig | None = None,
    *,
    max_minutes: float | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    checkpoint_minutes: float = 3.0,
    report: ProgressReport = silent,
) -> SurfaceAvatar:
    """Train a surface avatar on the frames that are not held out; arguments as of `train_avatar`.

    Raises:
        InputError: no frame is left to learn from, or the checkpoint is of other frames.
    """
    from mien.avatars.preview import write_preview
    from mien.avatars.scores import score_frames
    from mien.avatars.train import PREVIEW_FRAMES, PREVIEW_NAME, typical_camera

    config = config or SurfaceAvatarConfig()
    train, held = data.split()
    if len(train) < 2:
        raise InputError("leaves fewer than two frames to learn from", source=data.source)
    folder = None if out is None else training_folder(out, resume=resume)
    checkpoint = None
    if resume:
        if folder is None:
            raise InputError("resuming needs the folder of the checkpoint", source="out")
        checkpoint = read_checkpoint(folder / CHECKPOINT_NAME, kind=SurfaceTraining.kind, command=COMMAND)
        if checkpoint.plain["frames"] != len(train) or checkpoint.plain["source"] != data.source:
            raise InputError("was begun on other frames; resume on the same", source=folder)
    torch.manual_seed(config.seed)
    rig, controls = rig_of(train, points=34)
    mapper = SurfaceMapper(rig)
    network = SurfaceNetwork(config, torch.from_numpy(mapper.support()))
    rows = reported(range(len(train)), report, label="maps")
    maps = [MapTensors.of(mapper.maps(controls[row], train.camera(row))) for row in rows]
    held_controls = rig_of(held, points=34)[1]
    shown = np.unique(np.linspace(0, max(0, len(held) - 1), PREVIEW_FRAMES).round().astype(int)).tolist()
    held_maps = {row: mapper.maps(held_controls[row], held.camera(row)) for row in shown if len(held)}

    def figures(network: SurfaceNetwork) -> dict[str, float]:
        if not held_maps:
            return {}
        pictures = {row: drawn(network, one) for row, one in held_maps.items()}
        if folder is not None:
            write_preview(held, pictures, folder / PREVIEW_NAME)
        scores = score_frames(held, rig, held_controls, shown, lambda row: pictures[row])
        return {name: value for name, value in asdict(scores).items() if name != "frames"}

    training = SurfaceTraining(
        network, train, maps, _importance(train, rig, controls), max_minutes=max_minutes, preview=figures
    )
    trainer = Trainer(
        training, folder=folder, checkpoint_minutes=checkpoint_minutes, log_steps=50, report=report
    )
    if checkpoint is not None:
        trainer.resume(checkpoint)
    trainer.run(itertools.repeat(None))
    facts = AvatarFacts(
        source=data.source,
        frames=len(train),
        steps=trainer.step,
        seconds=round(trainer.elapsed_s, 1),
        size_px=data.size_px,
        figures=trainer.figures.get("held_out", {}),
    )
    average = training.learner.average
    assert average is not None
    assert isinstance(average.network, SurfaceNetwork)
    return SurfaceAvatar(average.network, rig, camera=typical_camera(train), facts=facts)


def _importance(data: AvatarData, rig: AvatarRig, controls: list[AvatarControls]) -> Tensor:
    """(F, S, S) pixels at mouth and eyes."""
    masks = [
        np.any(list(feature_masks(data, rig, controls[row], row).values()), axis=0)
        for row in range(len(data))
    ]
    return torch.from_numpy(np.stack(masks))
