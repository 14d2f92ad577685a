"""A recorded sequence, offline: all frames and all cameras at once, one person (Wood et al. 2022, §3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.errors import FitError, InputError, ShapeError
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.fit_error import usable_fit_or_raise
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.sequence_problem import SequenceProblem
from mien.fitting.terms.priors import prior_terms
from mien.fitting.terms.rig_landmarks import RigLandmarksTerm
from mien.fitting.views import fit_landmark_views
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.solution import Status
from mien.progress import ProgressReport, reported, silent

FRAME_SOLVER = LevenbergMarquardt(max_iterations=5, relative_tolerance=1e-3)

SEQUENCE_SOLVER = LevenbergMarquardt(max_iterations=15, relative_tolerance=1e-4)


@dataclass(frozen=True, eq=False)
class SequenceFit:
    """One person through a sequence.

    Attributes:
        frames: (F) parameters of each frame in the cameras' world; all have the same identity.
        seen: (F,) False where no camera saw the face; such frames lie still, or between their neighbours.
        status, iterations, cost_history: how the joint solve went.
    """

    frames: tuple[HeadParameters, ...]
    seen: Bool[np.ndarray, " frames"]
    status: Status
    iterations: int
    cost_history: tuple[float, ...]

    @property
    def identity(self) -> Float[np.ndarray, " identity"]:
        """Who it is."""
        return self.frames[0].identity


@checked_call
@one_blas_thread
def fit_sequence(
    landmarks: Sequence[Sequence[Landmarks2D | None]],
    cameras: Sequence[Camera],
    *,
    context: Context | None = None,
    solver: LevenbergMarquardt = SEQUENCE_SOLVER,
    report: ProgressReport = silent,
    throw: bool = False,
) -> SequenceFit:
    """Fit one person to all frames of all cameras together.

    Frames are first followed one by one with the identity of the clearest; then everything is free at once.
    `FitConfig.still_vertices_std_m`, when on, couples every frame with the next.

    Args:
        landmarks: per frame, one face per camera (None where it does not see one), all of one set.
        cameras: known, standing still, in one world.
        solver: of the joint problem.
        context: head and settings; the built-in ones when None.
        report: told of the frames that are followed, then of the joint solve's steps.
        throw: raise when the fit fails instead of returning its status.

    Raises:
        FitError: no frame shows a usable face, or, with `throw`, the joint fit failed.
        InputError: there are no frames, or landmarks are of different sets.
        ShapeError: a frame has not one entry per camera.
    """
    if not landmarks:
        raise InputError("there are no frames to fit a head to")
    for frame in landmarks:
        if len(frame) != len(cameras):
            raise ShapeError("a frame's landmarks", expected=f"({len(cameras)},)", actual=(len(frame),))
    if len({face.set_name for frame in landmarks for face in frame if face is not None}) > 1:
        raise InputError("the landmarks are of different sets; convert them with .to(set_name)")
    context = context or Context()
    # Of whom no point is known, no camera sees anything.
    landmarks = [
        [face if face is not None and face.known.any() else None for face in frame] for frame in landmarks
    ]
    recording = _Recording.of(context.loaded_head, landmarks, cameras, context.config)
    problem = recording.together(recording.followed(report))
    solution = solver.solve(
        problem,
        problem.start(),
        report=lambda progress: report(replace(progress, label="all frames together")),
    )
    usable_fit_or_raise(solution, throw=throw)
    found = [part.parameters(problem.frame_x(solution.x, k)) for k, part in enumerate(problem.parts)]
    return SequenceFit(
        frames=tuple(replace(frame, identity=found[0].identity) for frame in found),
        seen=np.array([term is not None for term in recording.data]),
        status=solution.status,
        iterations=solution.iterations,
        cost_history=solution.cost_history,
    )


@dataclass(frozen=True, eq=False)
class _Recording:
    """What was seen of one person."""

    model: FitModel
    landmarks: Sequence[Sequence[Landmarks2D | None]]
    cameras: Sequence[Camera]
    config: FitConfig
    data: tuple[RigLandmarksTerm | None, ...]

    @staticmethod
    def of(
        head: Head,
        landmarks: Sequence[Sequence[Landmarks2D | None]],
        cameras: Sequence[Camera],
        config: FitConfig,
    ) -> _Recording:
        faces = [face for frame in landmarks for face in frame if face is not None]
        if not faces:
            raise FitError("no camera sees a face in any frame")
        model = FitModel.of(head, faces[0].set_name)
        data = tuple(
            RigLandmarksTerm.of(frame, cameras, config, present=model.present) for frame in landmarks
        )
        return _Recording(model, landmarks, cameras, config, data)

    def together(self, start: list[HeadParameters]) -> SequenceProblem:
        """All frames, started at these parameters."""
        unknowns = self._unknowns(identity_free=True)
        parts = [self._part(frame, base, unknowns) for frame, base in enumerate(start)]
        return SequenceProblem(tuple(parts), self.config.still_vertices_std_m)

    def followed(self, report: ProgressReport) -> list[HeadParameters]:
        """Each frame alone, from its neighbour, with the person of the frame that most cameras see."""
        counts = [sum(face is not None for face in frame) for frame in self.landmarks]
        first = int(np.argmax(counts))
        views = fit_landmark_views(
            self.landmarks[first],
            self.cameras,
            same_moment=True,
            context=Context(head=self.model.head, config=self.config),
        )
        if not views.found:
            raise FitError(f"no pose explains the landmarks of frame {first}: {views.status.value}")
        known = views.found[0].parameters
        frames = [known] * len(self.landmarks)
        unknowns = self._unknowns(identity_free=False)
        outwards = [*range(first + 1, len(frames)), *range(first - 1, -1, -1)]
        for frame in reported(outwards, report, label="frames one by one"):
            start = frames[frame - 1 if frame > first else frame + 1]
            frames[frame] = start
            if self.data[frame] is not None:
                problem = self._part(frame, start, unknowns)
                solution = FRAME_SOLVER.solve(problem, problem.start())
                if solution.status.usable:
                    frames[frame] = problem.parameters(solution.x)
        return frames

    def _unknowns(self, *, identity_free: bool) -> Unknowns:
        head = self.model.head
        return Unknowns(
            identity_count=head.identity_count if identity_free else 0,
            expression_count=head.expression_count,
            joints=self.model.free_joints,
        )

    def _part(self, frame: int, base: HeadParameters, unknowns: Unknowns) -> HeadProblem:
        data = self.data[frame]
        terms: list[Term] = [] if data is None else [data]
        # Priors on what is shared count once.
        terms += prior_terms(self.model.head, unknowns, self.config, identity=frame == 0)
        return HeadProblem(HeadScene(self.model, unknowns, base, self.cameras[0]), tuple(terms))
