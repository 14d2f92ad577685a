"""A recorded sequence, offline: all frames and all cameras at once, one person (Wood et al. 2022, §3.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera
from mien.errors import FitError, InputError, ShapeError
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.identity_prior import identity_term
from mien.fitting.terms.priors import prior_terms
from mien.fitting.terms.rig_landmarks import RigLandmarksTerm
from mien.fitting.views import fit_landmark_views
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.chain_equations import ChainEquations
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.solution import Status

FRAME_SOLVER = LevenbergMarquardt(max_iterations=5, relative_tolerance=1e-3)

SEQUENCE_SOLVER = LevenbergMarquardt(max_iterations=15, relative_tolerance=1e-4)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
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


@one_blas_thread
def fit_sequence(
    landmarks: Sequence[Sequence[Landmarks2D | None]],
    cameras: Sequence[Camera],
    *,
    context: Context | None = None,
    solver: LevenbergMarquardt = SEQUENCE_SOLVER,
    progress: Progress | None = None,
    throw: bool = False,
) -> SequenceFit:
    """Fit one person to all frames of all cameras together.

    Frames are first followed one by one with the identity of the clearest; then everything is free at once.
    `FitConfig.still_vertices_std_m`, when on, couples every frame with the next.

    Args:
        landmarks: per frame, one face per camera (None where it does not see one), all of one set.
        cameras: known, standing still, in one world.
        context: head and settings; the built-in ones when None.
        progress: called with the number of linearised frames and of all that the limit allows.
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
    sequence = _Sequence(context.loaded_head, landmarks, cameras, context.config)
    return sequence.solve(sequence.followed(), solver, progress, throw=throw)


class _Sequence:
    """The joint problem: frames in a chain, identity shared."""

    def __init__(
        self,
        head: Head,
        landmarks: Sequence[Sequence[Landmarks2D | None]],
        cameras: Sequence[Camera],
        weights: FitConfig,
    ) -> None:
        self.head, self.landmarks, self.cameras, self.weights = head, landmarks, list(cameras), weights
        self.data = [RigLandmarksTerm.of(frame, cameras, weights) for frame in landmarks]
        self.seen = np.array([term is not None for term in self.data])
        faces = [face for frame in landmarks for face in frame if face is not None]
        if not faces:
            raise FitError("no camera sees a face in any frame")
        self.model = FitModel.of(head, faces[0].set_name)
        self.unknowns = self._unknowns(identity=True)
        self.still_m = weights.still_vertices_std_m
        self.identity_prior = identity_term(head, deviation=weights.identity_std)
        self.problems: list[HeadProblem] = []

    def _unknowns(self, *, identity: bool) -> Unknowns:
        return Unknowns(
            identity_count=self.head.identity_count if identity else 0,
            expression_count=self.head.expression_count,
            joints=self.model.free_joints,
        )

    def _problem(self, frame: int, base: HeadParameters, unknowns: Unknowns) -> HeadProblem:
        data = self.data[frame]
        terms: list[Term] = [] if data is None else [data]
        terms += prior_terms(self.head, unknowns, self.weights, identity=False)
        return HeadProblem(HeadScene(self.model, unknowns, base, self.cameras[0]), tuple(terms))

    def followed(self) -> list[HeadParameters]:
        """Each frame alone, from its neighbour, with the person of the frame that most cameras see."""
        counts = [sum(face is not None for face in frame) for frame in self.landmarks]
        first = int(np.argmax(counts))
        views = fit_landmark_views(
            self.landmarks[first],
            self.cameras,
            same_moment=True,
            context=Context(head=self.head, config=self.weights),
        )
        if not views.found:
            raise FitError(f"no pose explains the landmarks of frame {first}: {views.status.value}")
        known = views.found[0].parameters
        frames: list[HeadParameters] = [known] * len(self.landmarks)
        unknowns = self._unknowns(identity=False)
        for order in (range(first + 1, len(frames)), range(first - 1, -1, -1)):
            previous = known
            for frame in order:
                if self.seen[frame]:
                    problem = self._problem(frame, previous, unknowns)
                    solution = FRAME_SOLVER.solve(problem, problem.start())
                    if solution.status.usable:
                        previous = problem.parameters(solution.x)
                frames[frame] = previous
        return frames

    def solve(
        self,
        start: list[HeadParameters],
        solver: LevenbergMarquardt,
        progress: Progress | None,
        *,
        throw: bool,
    ) -> SequenceFit:
        """Levenberg–Marquardt with the same rules as the solver's, on the chain's equations."""
        unknowns = self.unknowns
        self.problems = [self._problem(frame, base, unknowns) for frame, base in enumerate(start)]
        n = unknowns.frame_size
        own = np.stack([problem.start()[:n] for problem in self.problems])
        shared = start[0].identity.copy()
        damping, status, iteration = solver.first_damping, Status.MAX_ITERATIONS, 0
        equations = self._linearized(own, shared)
        history = [equations.cost]
        if not np.isfinite(equations.cost):
            status = Status.NOT_FINITE
            if throw:
                raise FitError(f"the fit {status.value}; check that landmarks are finite and in view")
            return self._result(own, shared, status, 0, history)
        for iteration in range(1, solver.max_iterations + 1):
            while True:
                found = equations.step(damping)
                if found is not None:
                    step, shared_step, expected = found
                    cost = self._cost(own + step, shared + shared_step)
                    if cost <= history[-1]:
                        break
                    if expected <= 1e-13 * abs(history[-1]):
                        return self._result(own, shared, Status.CONVERGED, iteration, history)
                damping *= solver.damping_up
                if damping > solver.max_damping:
                    return self._result(own, shared, Status.NO_DESCENT, iteration, history)
            own, shared = own + step, shared + shared_step
            gained = history[-1] - cost
            history.append(cost)
            gain = gained / max(expected, 1e-300)
            if gain > 0.5:
                damping = max(damping * solver.damping_down, 1e-9)
            elif gain < 0.1:
                damping *= solver.damping_up
            if progress is not None:
                progress(iteration * len(own), solver.max_iterations * len(own))
            if gained <= solver.relative_tolerance * abs(cost):
                status = Status.CONVERGED
                break
            equations = self._linearized(own, shared)
        return self._result(own, shared, status, iteration, history)

    def _cost(self, own: np.ndarray, shared: np.ndarray) -> float:
        total, previous_m = 0.0, None
        for frame, problem in enumerate(self.problems):
            x = np.concatenate([own[frame], shared])
            total += problem.cost(x)
            if self.still_m > 0:
                vertices_m = problem.state(x).vertices_m
                if previous_m is not None:
                    moved = (vertices_m - previous_m) / self.still_m
                    total += 0.5 * float((moved**2).sum())
                previous_m = vertices_m
        return total + self._identity_cost(own, shared)

    def _identity_cost(self, own: np.ndarray, shared: np.ndarray) -> float:
        state = self.problems[0].state(np.concatenate([own[0], shared]))
        return self.identity_prior.cost(state)

    def _linearized(self, own: np.ndarray, shared: np.ndarray) -> ChainEquations:
        n = self.unknowns.frame_size
        chain = ChainEquations.zeros(len(own), n, len(shared))
        root = 1 / self.still_m if self.still_m > 0 else 0.0
        previous: tuple[np.ndarray, np.ndarray] | None = None
        for frame, problem in enumerate(self.problems):
            x = np.concatenate([own[frame], shared])
            normal = problem.linearize(x)
            state = problem.state(x)
            if frame == 0:
                self.identity_prior.add_to(normal, state)
            chain.diagonal[frame] += normal.hessian[:n, :n]
            chain.border[frame] += normal.hessian[:n, n:]
            chain.shared += normal.hessian[n:, n:]
            chain.gradient[frame] += normal.gradient[:n]
            chain.shared_gradient += normal.gradient[n:]
            chain.cost += normal.cost
            if self.still_m > 0:
                rows = root * state.vertices_jacobian_t().reshape(self.unknowns.size, -1)
                place = root * state.vertices_m.reshape(-1)
                if previous is not None:
                    _couple(chain, frame, n, previous, (rows, place))
                previous = rows, place
        return chain

    def _result(
        self, own: np.ndarray, shared: np.ndarray, status: Status, iterations: int, history: list[float]
    ) -> SequenceFit:
        frames = tuple(
            replace(problem.parameters(np.concatenate([own[frame], shared])), identity=shared)
            for frame, problem in enumerate(self.problems)
        )
        return SequenceFit(frames, self.seen, status, iterations, tuple(history))


def _couple(
    chain: ChainEquations,
    frame: int,
    n: int,
    previous: tuple[np.ndarray, np.ndarray],
    current: tuple[np.ndarray, np.ndarray],
) -> None:
    """Add ½ ‖place of this frame − place of the one before‖², whitened."""
    (before, before_place), (now, now_place) = previous, current
    residuals = now_place - before_place
    person = now[n:] - before[n:]
    chain.diagonal[frame - 1] += before[:n] @ before[:n].T
    chain.diagonal[frame] += now[:n] @ now[:n].T
    chain.lower[frame - 1] -= now[:n] @ before[:n].T
    chain.border[frame - 1] -= before[:n] @ person.T
    chain.border[frame] += now[:n] @ person.T
    chain.shared += person @ person.T
    chain.gradient[frame - 1] -= before[:n] @ residuals
    chain.gradient[frame] += now[:n] @ residuals
    chain.shared_gradient += person @ residuals
    chain.cost += 0.5 * float(residuals @ residuals)
