"""How a surface avatar learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.avatars.dataset import AvatarData
from mien.avatars.first_texture import first_texture
from mien.avatars.frames import feature_masks
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.avatars.surface_avatar import SurfaceAvatar, drawn
from mien.avatars.surface_config import SurfaceAvatarConfig
from mien.avatars.surface_features import SurfaceMapper
from mien.avatars.surface_network import MapTensors, SurfaceNetwork
from mien.avatars.training_session import TrainingSession, as_json
from mien.checked_calls import checked_call
from mien.learning.checkpoints import Checkpoint
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import Learner
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, reported, silent

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
        assert isinstance(average.network, SurfaceNetwork)
        return {} if self._preview is None else {"held_out": self._preview(average.network)}

    def state(self) -> TrainingState:
        plain = {"config": as_json(self.config), "frames": len(self._data), "source": self._data.source}
        return TrainingState(
            flat_settings(self.config),
            plain,
            {"generator": self._generator.get_state(), "order": self._order},
        )

    def load_state(self, checkpoint: Checkpoint) -> None:
        self._generator.set_state(checkpoint.tensors["generator"])
        self._order = checkpoint.tensors["order"]

    def _groups(self) -> list[dict[str, Any]]:
        textures = [self.network.texture, self.network.shell, self.network.planes]
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
    """Train a surface avatar on the frames that are not held out.

    Args:
        data: prepared frames.
        config: the defaults when None.
        max_minutes: the whole course is gone through in this time; None: as many steps as the config says.
        out, resume: folder for checkpoint, log and preview, and whether to go on from its checkpoint.
        checkpoint_minutes: minutes between checkpoints and previews.
        report: told the share that is over.

    Raises:
        InputError: no frame is left to learn from, or the checkpoint is of other frames.
    """
    config = config or SurfaceAvatarConfig()
    session = TrainingSession.of(data, config, kind=SurfaceTraining.kind, points=34, out=out, resume=resume)
    torch.manual_seed(config.seed)
    train, rig, controls = session.train, session.rig, session.controls
    mapper = SurfaceMapper(rig)
    colors = torch.from_numpy(first_texture(train, size_px=config.texture))
    network = SurfaceNetwork(config, torch.from_numpy(mapper.support()), colors=colors)
    rows = reported(range(len(train)), report, label="maps")
    maps = [MapTensors.of(mapper.maps(controls[row], train.camera(row))) for row in rows]
    held_maps = {
        row: mapper.maps(session.held_controls[row], session.held.camera(row)) for row in session.rows
    }
    training = SurfaceTraining(
        network,
        train,
        maps,
        _importance(train, rig, controls),
        max_minutes=max_minutes,
        preview=lambda network: session.figures(lambda row: drawn(network, held_maps[row])),
    )
    facts = session.run(training, checkpoint_minutes=checkpoint_minutes, report=report)
    average = training.learner.average
    assert average is not None
    assert isinstance(average.network, SurfaceNetwork)
    return SurfaceAvatar(average.network, rig, camera=session.camera, facts=facts)


def _importance(data: AvatarData, rig: AvatarRig, controls: list[AvatarControls]) -> Tensor:
    """(F, S, S) pixels at mouth and eyes."""
    masks = [
        np.any(list(feature_masks(data, rig, controls[row], row).values()), axis=0)
        for row in range(len(data))
    ]
    return torch.from_numpy(np.stack(masks))
