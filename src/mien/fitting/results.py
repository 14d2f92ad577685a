"""What fitting returns: a head for a picture, a head through a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.errors import FitError, InputError
from mien.fitting.camera_prior import FocalKnowledge
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A head fitted to the landmarks of one face in one picture.

    Attributes:
        parameters: identity, expression, joints and root pose in the world. For a single picture the
            world's origin is the camera's centre, +x the picture's right, +y up, +z from the scene towards
            the viewer, so a face that looks into the camera has a root rotation near zero.
        camera: the camera in that world.
        landmarks: what was fitted.
        residuals_px: (L, 2) projected model point minus landmark; NaN where the landmark is not known.
        status, iterations, cost_history: how the solver went.
        head_name, head_version: which head model the parameters belong to.
        focal: what was known of the focal length beforehand (see `CameraPrior`).
        identity_known: whether the person was known beforehand.
        reason: why a fit that is not usable is not, in words for people; empty where its status says all.
    """

    parameters: HeadParameters
    camera: Camera
    landmarks: Landmarks2D
    residuals_px: Float[np.ndarray, "landmarks 2"]
    status: Status
    iterations: int
    cost_history: tuple[float, ...]
    head_name: str
    head_version: str
    focal: FocalKnowledge = "free"
    identity_known: bool = False
    reason: str = ""

    @property
    def outcome(self) -> str:
        """How the fit ended, in words that go on after "the fit"."""
        return f"is implausible: {self.reason}" if self.reason else self.status.value


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """What is known of one frame of a person who is followed, live or in a finished track.

    `mien.export` writes it and `mien.arkit_weights` takes it as they do a fit.

    Attributes:
        time_s: the frame's time.
        status: LOST where there was no face.
        parameters: the head in the camera's world (see `HeadFit`); None where lost.
        camera: the camera as known by then.
        landmarks: what was fitted: the network's, averaged over time while they do not move; None where lost.
        raw_landmarks: as the network gave them; None where lost, and in a finished track, which keeps none.
        cut: whether the picture jumped before this frame.
        head_name, head_version: which head model the parameters belong to.
    """

    time_s: float
    status: Status
    parameters: HeadParameters | None
    camera: Camera
    landmarks: Landmarks2D | None
    raw_landmarks: Landmarks2D | None
    cut: bool
    head_name: str
    head_version: str

    @property
    def tracked(self) -> bool:
        """Whether there is a head on this frame."""
        return self.parameters is not None

    def head_fit(self, head: Head | None = None) -> HeadFit:
        """The frame as the fit of a picture whose person and camera are known.

        Args:
            head: the head that was followed; the built-in one when None.

        Raises:
            FitError: the face was lost on this frame.
            InputError: another head was followed.
        """
        if self.parameters is None or self.landmarks is None:
            raise FitError(
                f"the face was lost at {self.time_s:.2f} s, so there is no head on this frame; look at "
                "frame.tracked first, or take a finished track (mien.track_video), in which lost frames "
                "repeat the last good one"
            )
        from mien.heads.fittable import fittable_head

        head = fittable_head(head)
        if (head.name, head.version) != (self.head_name, self.head_version):
            raise InputError(
                f"the frame is of the head {self.head_name} {self.head_version}, not of {head.name} "
                f"{head.version}; pass the head that was followed"
            )
        vertices = head.landmark_set(self.landmarks.set_name).vertices
        fitted_px = self.camera.project(head.vertices_m(self.parameters)[vertices])
        return HeadFit(
            parameters=self.parameters,
            camera=self.camera,
            landmarks=self.landmarks,
            residuals_px=fitted_px - self.landmarks.points_px,
            status=self.status,
            iterations=0,
            cost_history=(),
            head_name=self.head_name,
            head_version=self.head_version,
            focal="fixed",
            identity_known=True,
        )


TRACK_ROWS = (
    "times_s", "expression", "joint_rotations", "root_rotation", "root_translation_m", "tracked", "points_px",
    "sigma_px",
)  # fmt: skip
"""What a `HeadTrack` has a row of for each frame."""


@dataclass(frozen=True, eq=False)
class HeadTrack:
    """One person's head through a video.

    Attributes:
        times_s: (F,) presentation time of each row, on the clock of the video, on which its sound runs too.
        identity: (I,) shared by all frames.
        expression: (F, E); joint_rotations: (F, 4, 3); root_rotation: (F, 3); root_translation_m: (F, 3).
            Rows of lost frames repeat the last good one.
        tracked: (F,) False where the face was lost.
        camera: one camera for the whole video.
        points_px, sigma_px: (F, L, 2), (F, L) landmarks, smoothed over time; NaN where lost.
        set_name: their landmark set.
        head_name, head_version: which head model the parameters belong to.
        frames_per_second: nominal frame rate.
        first_frame: the video's frame in which the track begins; its row r is the video's frame
            first_frame + r.
    """

    times_s: Float[np.ndarray, " frames"]
    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, "frames expression"]
    joint_rotations: Float[np.ndarray, "frames 4 3"]
    root_rotation: Float[np.ndarray, "frames 3"]
    root_translation_m: Float[np.ndarray, "frames 3"]
    tracked: Bool[np.ndarray, " frames"]
    camera: Camera
    points_px: Float[np.ndarray, "frames landmarks 2"]
    sigma_px: Float[np.ndarray, "frames landmarks"]
    set_name: str
    head_name: str
    head_version: str
    frames_per_second: float
    first_frame: int = 0

    def __len__(self) -> int:
        return len(self.times_s)

    def part(self, start: int, stop: int) -> HeadTrack:
        """Consecutive rows as a track of their own."""
        rows = {name: getattr(self, name)[start:stop] for name in TRACK_ROWS}
        return replace(self, first_frame=self.first_frame + start, **rows)

    def parts(self, rows: int = 256) -> Iterator[HeadTrack]:
        """The track in pieces, as a `SavedTrack` gives them, which does not lie in memory."""
        for start in range(0, len(self), rows):
            yield self.part(start, min(start + rows, len(self)))

    @staticmethod
    def joined(parts: Iterable[HeadTrack]) -> HeadTrack:
        """One track of consecutive pieces; at least one."""
        pieces = list(parts)
        rows = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in TRACK_ROWS}
        return replace(pieces[0], **rows)

    @property
    def start_time_s(self) -> float:
        """When the first frame is shown, on the video's own clock; above 0 where its sound starts first."""
        return float(self.times_s[0])

    def frame(self, index: int) -> TrackedFrame:
        """What is known of one frame."""
        tracked = bool(self.tracked[index])
        landmarks = Landmarks2D(self.points_px[index], self.sigma_px[index], self.set_name)
        return TrackedFrame(
            time_s=float(self.times_s[index]),
            status=Status.CONVERGED if tracked else Status.LOST,
            parameters=self.parameters(index) if tracked else None,
            camera=self.camera,
            landmarks=landmarks if tracked else None,
            raw_landmarks=None,
            cut=False,
            head_name=self.head_name,
            head_version=self.head_version,
        )

    def frames(self, rows: Iterable[int]) -> list[TrackedFrame]:
        """What is known of some frames."""
        return [self.frame(row) for row in rows]

    def parameters(self, frame: int) -> HeadParameters:
        """The head in one frame."""
        return HeadParameters(
            identity=self.identity,
            expression=self.expression[frame],
            joint_rotations=self.joint_rotations[frame],
            root_rotation=self.root_rotation[frame],
            root_translation_m=self.root_translation_m[frame],
        )
