"""How far tracked faces follow the expressions of people in clips, against another tracker's points.

The folder holds `face_mesh.npz`, by clip (frames, 468, 2) points of MediaPipe Face Mesh in pixels, and the
clips as `NAME.mp4`. Face Mesh is no truth, but it moves as these people do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from mien.errors import InputError
from mien.evaluation.landmarks.portrait_points import FACE_MESH_INDICES, IBUG68_INDICES
from mien.evaluation.tracking.face_movements import (
    ENOUGH,
    FACE_MESH,
    IBUG68,
    MOVEMENTS,
    Following,
    face_movements,
    following,
)
from mien.evaluation.tracking.resting_faces import RestingFaces
from mien.evaluation.tracking.still_faces import jitter_px, still_frames
from mien.fitting.context import Context
from mien.fitting.results import HeadTrack, TrackedFrame
from mien.heads.arkit_names import ARKIT_NAMES
from mien.progress import ProgressReport, silent
from mien.reading.file_values import FileValues
from mien.reading.npz import open_npz
from mien.tracking.config import TrackerConfig
from mien.tracking.first_pass import FirstPass
from mien.tracking.one_person import OnePerson
from mien.tracking.second_pass import second_pass

SOURCES: tuple[str, ...] = ("landmarks", "live", "finished")
"""The network's own landmarks, the head that is followed live, the head of the finished track."""

LIPS_SHUT = 0.02
"""Gap of the lips, over the eyes' distance, below which they are shut."""
_SLOWEST = 0.02
"""Fastest motion that is still, in face radii per frame."""


@dataclass(frozen=True, eq=False)
class ClipResult:
    """One clip.

    Attributes:
        name: of the file.
        frames, lost: how many, and in how many there was no face.
        following: by source of `SOURCES` and movement of `MOVEMENTS`.
        jitter: by source and for "Face Mesh" RMS change from frame to frame beyond its mean, of 26 points on
            the frames where the face is still, over the eyes' distance; NaN where it never is.
        still: how many frames those are.
        rest: of the finished track, where the lips are shut and the lids wider open than their median, at
            most 60 frames.
    """

    name: str
    frames: int
    lost: int
    following: dict[str, dict[str, Following]]
    jitter: dict[str, float]
    still: int
    rest: RestingFaces


@dataclass(frozen=True, eq=False)
class ExpressionResult:
    """All clips of one network.

    Attributes:
        clips: one by one.
    """

    clips: tuple[ClipResult, ...]

    def means(self, source: str) -> dict[str, tuple[float, float, int]]:
        """By movement mean correlation and slope over the clips in which the other tracker sees it move
        enough, and how many those are."""
        means = {}
        for movement, enough in zip(MOVEMENTS, ENOUGH, strict=True):
            each = [clip.following[source][movement] for clip in self.clips]
            moving = [one for one in each if one.spread >= enough]
            # A movement that stands still in ours follows nothing.
            correlations = np.nan_to_num([one.correlation for one in moving])
            means[movement] = (
                float(correlations.mean()) if moving else float("nan"),
                float(np.mean([one.slope for one in moving])) if moving else float("nan"),
                len(moving),
            )
        return means

    def jitter(self, source: str) -> float:
        """RMS over the clips that are still somewhere, weighted by their still frames."""
        parts = [(clip.still, clip.jitter[source]) for clip in self.clips if clip.still]
        total = sum(count for count, _ in parts)
        return float(np.sqrt(sum(n * value**2 for n, value in parts) / total)) if total else float("nan")

    def rest(self) -> dict[str, tuple[float, float, float]]:
        """By ARKit shape the median weight over all faces at rest, the largest median of a clip, and the
        median above the rest that each clip shows."""
        resting = [clip.rest for clip in self.clips if len(clip.rest.weights)]
        if not resting:
            return {}
        largest = np.max([np.median(each.weights, axis=0) for each in resting], axis=0)
        over_all = np.median(np.concatenate([each.weights for each in resting]), axis=0)
        above = np.median(np.concatenate([each.above for each in resting]), axis=0)
        return {
            name: (float(over_all[index]), float(largest[index]), float(above[index]))
            for index, name in enumerate(ARKIT_NAMES)
        }


def read_clips(folder: str | Path) -> dict[Path, Float[np.ndarray, "frames 468 2"]]:
    """The other tracker's points by clip.

    Raises:
        InputError: a file is missing or holds something else.
    """
    folder = Path(folder)
    table = folder / "face_mesh.npz"
    if not table.is_file():
        raise InputError("no such file; --data must be the folder with face_mesh.npz and clips", source=table)
    with open_npz(table, what="is no .npz of plain arrays") as file:
        values = FileValues(file, source=table, remedy="track the clips anew")
        for name in file:
            shape = file[name].shape
            if len(shape) != 3 or shape[1] < 468 or shape[2] != 2:
                raise InputError(f"{name} must be (frames, 468, 2) points, not {shape}", source=table)
        points = {
            folder / f"{name}.mp4": values.array(
                name, f"frames_{name} points 2", low=-1e6, high=1e6, nan=True
            )
            for name in sorted(file)
        }
    for clip in points:
        if not clip.is_file():
            raise InputError("no such clip, though face_mesh.npz has points of it", source=clip)
    return points


def measure_clip(
    clip: Path,
    theirs_px: Float[np.ndarray, "frames n 2"],
    *,
    context: Context | None = None,
    config: TrackerConfig = TrackerConfig(),
    report: ProgressReport = silent,
) -> ClipResult:
    """Track a clip's one person and compare.

    Raises:
        InputError: no frame shows a face, or the clip has another number of frames than the points.
    """
    one = OnePerson(context or Context(), camera=None, config=config)
    frames: list[TrackedFrame] = []
    first = FirstPass(clip, one, frames_per_second=25.0, whole=True, watch=frames.append, report=report)
    [seen] = first
    person = seen.person
    if person.identity is None:
        raise InputError("no frame shows a face", source=clip)
    if len(frames) != len(theirs_px):
        raise InputError(
            f"has {len(frames)} frames, face_mesh.npz {len(theirs_px)}; they are not of the same clip",
            source=clip,
        )
    track = HeadTrack.joined(second_pass(seen, frames_per_second=first.frames_per_second))
    points_px = ibug68_points(frames, track, person.context)
    return compare(
        clip.stem,
        points_px,
        theirs_px,
        rest=lambda chosen: RestingFaces.of_track(track, chosen, person.context),
    )


def ibug68_points(
    frames: Sequence[TrackedFrame], track: HeadTrack, context: Context
) -> dict[str, Float[np.ndarray, "frames 68 2"]]:
    """The 68 points by source of `SOURCES`; NaN where the face is lost."""
    head = context.loaded_head
    vertices = head.landmark_set("ibug68").vertices
    nowhere = np.full((68, 2), np.nan)
    finished = [track.frame(index) for index in range(len(frames))]

    def shown(frame: TrackedFrame) -> np.ndarray:
        if frame.parameters is None:
            return nowhere
        return frame.camera.project(head.vertices_m(frame.parameters)[vertices])

    landmarks = [frame.raw_landmarks for frame in frames]
    return {
        "landmarks": np.stack(
            [nowhere if one is None else np.asarray(one.to("ibug68").points_px, float) for one in landmarks]
        ),
        "live": np.stack([shown(frame) for frame in frames]),
        "finished": np.stack([shown(frame) for frame in finished]),
    }


def compare(
    name: str,
    points_px: dict[str, Float[np.ndarray, "frames 68 2"]],
    theirs_px: Float[np.ndarray, "frames n 2"],
    *,
    rest: Callable[[Bool[np.ndarray, " frames"]], RestingFaces],
) -> ClipResult:
    """The figures of a clip from points.

    Args:
        name: of the clip.
        points_px: by source of `SOURCES`.
        theirs_px: MediaPipe's mesh.
        rest: tells of some frames.
    """
    theirs = face_movements(theirs_px, FACE_MESH)
    ours = {source: face_movements(points, IBUG68) for source, points in points_px.items()}
    known = np.all([np.isfinite(points).all(axis=(1, 2)) for points in points_px.values()], axis=0)
    measured_px = {source: points[:, IBUG68_INDICES] for source, points in points_px.items()}
    measured_px["Face Mesh"] = theirs_px[:, FACE_MESH_INDICES]
    # A lost frame leaves holes in the changes about it, in whichever source it is lost.
    still = still_frames(np.where(known[:, None, None], measured_px["landmarks"], np.nan), slowest=_SLOWEST)
    still &= np.all([still_frames(points, slowest=np.inf) for points in measured_px.values()], axis=0)
    right, left = FACE_MESH.eyes[0], FACE_MESH.eyes[-1]
    eyes_px = float(np.median(np.linalg.norm(theirs_px[:, left] - theirs_px[:, right], axis=1)))
    lips, lids = (theirs[:, MOVEMENTS.index(movement)] for movement in ("lips", "lids"))
    resting = known & (lips < LIPS_SHUT) & (lids > np.median(lids))
    return ClipResult(
        name=name,
        frames=len(known),
        lost=int((~known).sum()),
        following={
            source: {
                movement: following(each[:, index], theirs[:, index])
                for index, movement in enumerate(MOVEMENTS)
            }
            for source, each in ours.items()
        },
        jitter={
            source: jitter_px(points, still) / eyes_px if still.any() else float("nan")
            for source, points in measured_px.items()
        },
        still=int(still.sum()),
        rest=rest(resting),
    )
