"""How a splat head learns: one picture a step, before a background of random colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from mien.avatars.avatar import AvatarFacts
from mien.avatars.dataset import AvatarData
from mien.avatars.hair_shell import hair_heights_m
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.avatars.splats.config import SplatAvatarConfig
from mien.avatars.splats.emptiness import in_empty_space
from mien.avatars.splats.regions import Region, regions_of
from mien.avatars.splats.side_views import SideViews
from mien.avatars.splats.splat_avatar import SplatAvatar
from mien.avatars.splats.splat_head import SplatHead, spread_anchors, steering
from mien.avatars.splats.unseen import color_like_neighbours, filled_px
from mien.avatars.training_session import TrainingSession, as_json
from mien.checked_calls import checked_call
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import Learner
from mien.learning.schedule import learning_rate_share
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent

RATES = {
    "offsets_m": 2e-4, "log_scales": 5e-3, "quaternions": 2e-3, "opacity_logits": 2e-2, "color_logits": 1e-2,
    "color_changes": 6e-3, "place_changes": 5e-3, "opacity_changes": 5e-3,
}  # fmt: skip
"""Learning rate of each kind of parameter."""
_FINAL = 0.03
CLEARED_AT = (0.4, 0.7, 0.95)
"""Shares of the training at which splats in empty space are taken away."""
_FADED_LOGIT = -8.0
_EXPRESSIONS_BY = 0.05
"""Share of the training by which expressions count in full: a head at rest is learned first."""
_UNKNOWN = 0.1
"""Weight of colours where the matte is not known."""
_SSIM_WINDOW = 7
_LOOSE = 1.25
"""Splats start so much higher than the hair reaches on the whole, for single strands; those that no frame
shows there come down."""
_EDGE_PX = 2
_SIDE_VIEWS = 64
_LOOKS = 12
"""Frames that are asked which splats they show."""


class SplatSchedule:
    """So many steps, or the same course in so many minutes; rates fall along half a cosine."""

    def __init__(self, config: SplatAvatarConfig, *, max_minutes: float | None) -> None:
        self._steps, self._minutes = config.steps, max_minutes

    def share(self, step: int, elapsed_s: float) -> float:
        if self._minutes is not None:
            return min(1.0, elapsed_s / (60 * self._minutes))
        return min(1.0, step / self._steps)

    def rate(self, step: int, elapsed_s: float) -> float:
        return learning_rate_share(self.share(step, elapsed_s), warm_up=1e-3, final=_FINAL)


class SplatTraining(Training[None]):
    """A splat head on its way.

    Args:
        data: frames to learn from; rig, controls: the head on them.
        max_minutes: see `SplatSchedule`.
        preview: makes figures of the head as it is, with every checkpoint.
    """

    kind: ClassVar[str] = "splat-avatar"
    batch_size = 1

    def __init__(
        self,
        data: AvatarData,
        rig: AvatarRig,
        controls: list[AvatarControls],
        config: SplatAvatarConfig,
        *,
        max_minutes: float | None = None,
        preview: Callable[[SplatHead], dict[str, float]] | None = None,
    ) -> None:
        self.config, self.data, self._preview = config, data, preview
        self._seen = [_Tensors.of(data, rig, controls[row], row) for row in range(len(data))]
        steered = np.stack([seen.controls.numpy() for seen in self._seen])
        self.head = SplatHead(config, controls=steered.shape[1])
        hair_m = hair_heights_m(data, rig, controls)
        anchors = spread_anchors(
            rig.vertices_m(AvatarControls(rig.rest_weights, np.zeros((2, 3)))),
            rig.triangles,
            on_skin=config.on_skin,
            in_hair=config.in_hair,
            hair_m=_LOOSE * hair_m,
            rng=np.random.default_rng(config.seed),
        )
        self.head.start(anchors)
        regions = regions_of(rig, anchors, config.codes)
        self.head.codes.learn(steered, [(region.controls, region.codes) for region in regions])
        self._listen(regions)
        self._lower()
        self._largest_log_scale = math.log(3 * anchors.spacing_m)
        self.learner = Learner(self.head, self._groups)
        self.schedule = SplatSchedule(config, max_minutes=max_minutes)
        self._paint()
        self._side_views = SideViews(data, rig, controls, hair_m=hair_m, count=_SIDE_VIEWS, seed=config.seed)
        self._step, self._share, self._cleared = 0, 0.0, 0

    def prepare(self, step: int, elapsed_s: float) -> None:
        self._step, self._share = step, self.schedule.share(step, elapsed_s)
        due = sum(self._share >= share for share in CLEARED_AT)
        if due > self._cleared:
            self._cleared = due
            self._clear()

    def losses(self, batch: None) -> dict[str, Tensor]:
        config, count = self.config, len(self._seen)
        rng = np.random.default_rng((config.seed, self._step // count))
        index = int(rng.permutation(count)[self._step % count])
        seen = self._seen[index]
        code = self.head.codes(seen.controls) * min(1.0, self._share / _EXPRESSIONS_BY)
        picture = self.head(seen.vertices_m, code, self.data.camera(index))
        background = torch.from_numpy(rng.uniform(0, 1, 3).astype(np.float32))
        drawn = picture[..., :3] + (1 - picture[..., 3:]) * background
        wanted = seen.premultiplied + (1 - seen.alpha[..., None]) * background
        weight = (_UNKNOWN + (1 - _UNKNOWN) * seen.known)[..., None]
        colors = (weight * (drawn - wanted).abs()).mean()
        coverage = (seen.known * (picture[..., 3] - seen.alpha).abs()).mean()
        head = self.head
        changes = config.colour_change * head.color_changes.square().mean()
        changes = changes + config.place_change * head.place_changes.square().mean()
        shape = config.far * head.offsets_m.square().sum(dim=1).mean()
        shape = shape + 1e-2 * torch.relu(head.log_scales - self._largest_log_scale).mean()
        shape = shape + config.opaque * torch.sigmoid(head.opacity_logits).mean()
        unlike = 1 - _ssim(drawn, wanted)
        loss = 3 * colors + 0.3 * coverage + config.similarity * unlike + changes + shape
        if config.side_every and self._step % config.side_every == config.side_every - 1:
            loss = loss + self._from_aside(self._step // config.side_every)
        squared = (drawn - wanted).detach().square()
        error = (seen.known[..., None] * squared).mean() / seen.known.mean().clamp(min=1e-6)
        return {"loss": loss, "error": error, "color": colors.detach()}

    def _from_aside(self, turn: int) -> Tensor:
        """What a side view has against the head as it is."""
        config, count = self.config, len(self._side_views)
        rng = np.random.default_rng((config.seed, 2, turn // count))
        view = self._side_views[int(rng.permutation(count)[turn % count])]
        seen = self._seen[view.row]
        code = self.head.codes(seen.controls) * min(1.0, self._share / _EXPRESSIONS_BY)
        picture = self.head(seen.vertices_m, code, view.camera)
        sure = torch.from_numpy(view.sure.astype(np.float32))[..., None]
        wanted = torch.from_numpy(view.colors.astype(np.float32))
        colors = (sure * (picture[..., :3] - wanted).abs()).mean()
        holes = (torch.from_numpy(view.opaque) * (1 - picture[..., 3])).mean()
        strands = (torch.from_numpy(view.empty) * picture[..., 3]).mean()
        return 3 * config.side_colour * colors + config.side_outline * (holes + strands)

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {"psnr_db": float(-10 * np.log10(max(losses["error"], 1e-12)))}

    def validate(self) -> dict[str, dict[str, float]]:
        return {} if self._preview is None else {"held_out": self._preview(self.head)}

    def state(self) -> TrainingState:
        plain = {"config": as_json(self.config), "frames": len(self.data), "source": self.data.source}
        return TrainingState(flat_settings(self.config), plain)

    def _groups(self) -> list[dict[str, Any]]:
        return [
            {"params": [value], "lr": RATES[name], "weight_decay": 0.0}
            for name, value in self.head.named_parameters()
        ]

    def _places_m(self, row: int) -> Float[Tensor, "n 3"]:
        points_m, frames = self.head.anchored(self._seen[row].vertices_m)
        return points_m + torch.einsum("nij,nj->ni", frames, self.head.offsets_m)

    def _lower(self) -> None:
        """Take hair down to where it may be."""
        with torch.no_grad():
            for _ in range(3):
                self.head.offsets_m[in_empty_space(self.data, self._places_m), 2] *= 0.5

    def _clear(self) -> None:
        """Let what lies in empty space fade."""
        with torch.no_grad():
            empty = in_empty_space(self.data, self._places_m)
            self.head.opacity_logits[empty] = _FADED_LOGIT
            self.head.opacity_changes[:, empty] = 0
        self._color_unseen()

    def _color_unseen(self, doubtful: Bool[Tensor, " n"] | None = None) -> None:
        """Colours of what no frame shows, or of what is doubtful, by what lies beside it."""
        rows = np.unique(np.linspace(0, len(self._seen) - 1, _LOOKS).round().astype(int)).tolist()
        seen = [self._seen[row] for row in rows]
        moments = [
            (one.vertices_m, self.data.camera(row), one.solid) for one, row in zip(seen, rows, strict=True)
        ]
        filled, surely = filled_px(self.head, moments)
        if doubtful is not None:
            filled[doubtful] = surely[doubtful] = 0
        with torch.no_grad():
            places_m = self._places_m(rows[0])
        color_like_neighbours(self.head, places_m, filled=filled, surely=surely)

    def _listen(self, regions: list[Region]) -> None:
        """Let splats learn changes with their own regions' codes alone."""
        gates = [np.tile(region.splats, (region.codes, 1)) for region in regions]
        gate = torch.from_numpy(np.concatenate(gates).astype(np.float32))
        self.head.opacity_changes.register_hook(lambda gradient: gradient * gate)
        for changes in (self.head.color_changes, self.head.place_changes):
            changes.register_hook(lambda gradient: gradient * gate[..., None])

    def _paint(self) -> None:
        """Colours of the first frame at the splats' places."""
        camera = self.data.camera(0)
        with torch.no_grad():
            pixels = np.nan_to_num(camera.project(self._places_m(0).double().numpy()))
            columns, rows = np.rint(np.clip(pixels, 0, self.data.size_px - 1)).astype(int).T
            rgba = torch.from_numpy(self.data.rgba[0, rows, columns].astype(np.float32) / 255)
            self.head.color_logits.copy_(torch.logit(rgba[:, :3].clamp(0.02, 0.98)))
        self._color_unseen(rgba[:, 3] < 0.8)


@dataclass(frozen=True, eq=False)
class _Tensors:
    """A frame as a step takes it: colours times alpha, alpha, how surely it is known, and the head."""

    premultiplied: Float[Tensor, "s s 3"]
    alpha: Float[Tensor, "s s"]
    known: Float[Tensor, "s s"]
    vertices_m: Float[Tensor, "v 3"]
    controls: Float[Tensor, " controls"]

    @property
    def solid(self) -> Float[Tensor, "s s"]:
        """1 inside the head; at its edge colours are those of what is behind, too."""
        through = 1 - self.alpha * (self.known > 0.5)
        return (
            functional.max_pool2d(through[None], 2 * _EDGE_PX + 1, stride=1, padding=_EDGE_PX)[0] < 0.1
        ).float()

    @staticmethod
    def of(data: AvatarData, rig: AvatarRig, controls: AvatarControls, row: int) -> _Tensors:
        rgba = torch.from_numpy(data.rgba[row].astype(np.float32) / 255)
        return _Tensors(
            premultiplied=rgba[..., :3] * rgba[..., 3:],
            alpha=rgba[..., 3],
            known=torch.from_numpy(data.known[row].astype(np.float32) / 255),
            vertices_m=torch.from_numpy(rig.vertices_m(controls).astype(np.float32)),
            controls=steering(controls),
        )


@checked_call
def train_splat_avatar(
    data: AvatarData,
    config: SplatAvatarConfig | None = None,
    *,
    max_minutes: float | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    checkpoint_minutes: float = 3.0,
    report: ProgressReport = silent,
) -> SplatAvatar:
    """Train a splat avatar on the frames that are not held out.

    Args:
        data: prepared frames.
        config: the defaults when None.
        max_minutes: the whole course is gone through in this time; None: as many steps as the config says.
        out, resume: folder for checkpoint, log and preview, and whether to go on from its checkpoint.
        checkpoint_minutes: minutes between checkpoints and previews.
        report: told the share that is over.

    Raises:
        InputError: no frame is left to learn from, or the checkpoint is of other frames.
        MissingExtraError: numba is missing.
    """
    config = config or SplatAvatarConfig()
    session = TrainingSession.of(data, config, kind=SplatTraining.kind, points=34, out=out, resume=resume)

    def figures(head: SplatHead) -> dict[str, float]:
        avatar = SplatAvatar(head, session.rig, camera=session.camera, facts=AvatarFacts())
        return session.figures(
            lambda row: avatar.picture(session.held_controls[row], session.held.camera(row))
        )

    training = SplatTraining(
        session.train, session.rig, session.controls, config, max_minutes=max_minutes, preview=figures
    )
    facts = session.run(training, checkpoint_minutes=checkpoint_minutes, report=report)
    return SplatAvatar(training.head, session.rig, camera=session.camera, facts=facts)


def _ssim(a: Float[Tensor, "h w 3"], b: Float[Tensor, "h w 3"]) -> Tensor:
    """Mean structural similarity in square windows (Wang et al. 2004)."""

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, _SSIM_WINDOW, stride=2)

    x, y = a.permute(2, 0, 1)[None], b.permute(2, 0, 1)[None]
    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    alike = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
    return (alike / ((mean_x**2 + mean_y**2 + 1e-4) * (variance_x + variance_y + 9e-4))).mean()
