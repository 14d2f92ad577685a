"""What training any kind of avatar begins and ends with: frames, folder, checkpoint, figures."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from mien.avatars.avatar import AvatarFacts
from mien.avatars.dataset import AvatarData
from mien.avatars.preview import write_preview
from mien.avatars.rig import AvatarControls, AvatarRig, rig_of
from mien.avatars.scores import score_frames
from mien.cameras import Camera
from mien.errors import InputError
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint, read_checkpoint, training_folder
from mien.learning.trainer import Trainer
from mien.learning.training import Training
from mien.progress import ProgressReport

COMMAND = "mien avatar train"
PREVIEW_NAME = "preview.png"
PREVIEW_FRAMES = 6


@dataclass(frozen=True, eq=False)
class TrainingSession:
    """Frames to learn from and frames held out, and where the training is kept.

    Attributes:
        train, held: the two parts of the data; controls, held_controls: of their frames.
        rig: the head on all of them.
        rows: of `held` that previews show and figures are of.
        folder: of checkpoint, log and preview; checkpoint: to go on from.
    """

    train: AvatarData
    held: AvatarData
    rig: AvatarRig
    controls: list[AvatarControls]
    held_controls: list[AvatarControls]
    rows: list[int]
    folder: Path | None
    checkpoint: Checkpoint | None

    @staticmethod
    def of(
        data: AvatarData,
        config: Any,
        *,
        kind: str,
        points: Literal[34, 5, 1],
        out: str | Path | None,
        resume: bool,
    ) -> TrainingSession:
        """Begin, or go on from the checkpoint in `out`.

        Args:
            config: a dataclass; the checkpoint's must be the same.
            kind: of the training.

        Raises:
            InputError: fewer than two frames to learn from, or the checkpoint is missing or of other frames
                or settings.
        """
        train, held = data.split()
        if len(train) < 2:
            raise InputError("leaves fewer than two frames to learn from", source=data.source)
        folder = None if out is None else training_folder(out, resume=resume)
        checkpoint = None
        if resume:
            if folder is None:
                raise InputError("resuming needs the folder of the checkpoint", source="out")
            checkpoint = read_checkpoint(folder / CHECKPOINT_NAME, kind=kind, command=COMMAND)
            if checkpoint.plain["frames"] != len(train) or checkpoint.plain["source"] != data.source:
                raise InputError("was begun on other frames; resume on the same", source=folder)
            if checkpoint.plain["config"] != as_json(config):
                raise InputError("was begun with other settings; resume with the same", source=folder)
        rig, controls = rig_of(train, points=points)
        held_controls = rig_of(held, points=points)[1] if len(held) else []
        rows = np.unique(np.linspace(0, max(0, len(held) - 1), PREVIEW_FRAMES).round().astype(int))
        return TrainingSession(
            train, held, rig, controls, held_controls, rows.tolist() if len(held) else [], folder, checkpoint
        )

    @property
    def camera(self) -> Camera:
        """Of the frame that looks most like the others: nearest to the median place."""
        eyes_m = np.stack([self.train.camera(row).world_from_camera[:3, 3] for row in range(len(self.train))])
        return self.train.camera(int(np.argmin(np.linalg.norm(eyes_m - np.median(eyes_m, axis=0), axis=1))))

    def figures(self, painter: Callable[[int], Float[np.ndarray, "s s 4"]]) -> dict[str, float]:
        """Scores on frames held out, and the preview of them.

        Args:
            painter: makes the premultiplied picture of a row of `held`.
        """
        if not self.rows:
            return {}
        pictures = {row: painter(row) for row in self.rows}
        if self.folder is not None:
            write_preview(self.held, pictures, self.folder / PREVIEW_NAME)
        scores = score_frames(self.held, self.rig, self.held_controls, self.rows, lambda row: pictures[row])
        return {name: value for name, value in asdict(scores).items() if name != "frames"}

    def run(
        self,
        training: Training[None],
        *,
        checkpoint_minutes: float,
        log_steps: int = 50,
        report: ProgressReport,
    ) -> AvatarFacts:
        """Train to the end; an interruption saves a checkpoint, then raises KeyboardInterrupt."""
        trainer = Trainer(
            training,
            folder=self.folder,
            checkpoint_minutes=checkpoint_minutes,
            log_steps=log_steps,
            report=report,
        )
        if self.checkpoint is not None:
            trainer.resume(self.checkpoint)
        trainer.run(itertools.repeat(None))
        return AvatarFacts(
            source=self.train.source,
            frames=len(self.train),
            steps=trainer.step,
            seconds=round(trainer.elapsed_s, 1),
            size_px=self.train.size_px,
            figures=trainer.figures.get("held_out", {}),
        )


def as_json(config: Any) -> dict[str, Any]:
    """Settings as JSON gives them back."""
    return json.loads(json.dumps(asdict(config)))
