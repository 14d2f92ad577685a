"""Where the lens' axis meets a picture that may be a part of another one.

A lens shows a face beside its axis stretched away from it. Whether a face beside the middle is stretched, or
a wide one in a picture that somebody cut so, its landmarks hardly tell, and the same face would get another
shape in every cutting. So, unless they do tell, its shape and distance are found as if the axis went through
the face, and only then is the head put where the picture has it. A face far from the middle is another
matter: it is hardly a cutting, and its stretch is large.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from mien.cameras import Camera
from mien.fitting.results import HeadFit
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.heads.parameters import HeadParameters
from mien.images.borders import Content
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt

NEAR, FAR = 0.25, 0.4
"""Distances of a face from the picture's middle, over its diagonal: up to the first the axis goes through the
face, from the second on through the middle, and in between in between."""

CLEARLY_BETTER = 3.0
"""By how much lower the cost must be with the axis in the middle to believe it: as twenty to one."""

_ROUGHLY = 2.0
"""By how much the difference of two rough fits' costs may be wrong."""

_TOLD_BY_STRETCH = 0.1
"""Tangent of the angle beside the axis from which stretch can be seen at all (half a per cent)."""

PLACE_SOLVER = LevenbergMarquardt(max_iterations=12, relative_tolerance=1e-4)


def axis_through_face(camera: Camera, data: LandmarkTerm, *, content: Content | None = None) -> Camera:
    """The camera with its axis moved to the face, as far as that is believed.

    Args:
        camera: of the whole picture.
        data: the face's landmarks.
        content: what of the picture is one; None: all of it.
    """
    share = data.precision**2 / (data.precision**2).sum()
    face_px = data.target_px @ share
    offset_px = face_px - camera.intrinsics[:2, 2]
    if content is None:
        distance = float(np.hypot(*offset_px)) / np.hypot(camera.width_px, camera.height_px)
    else:
        distance = float(np.hypot(*(face_px - content.middle_px))) / content.diagonal_px
    believed = float(np.clip((FAR - distance) / (FAR - NEAR), 0, 1))
    intrinsics = camera.intrinsics.copy()
    intrinsics[:2, 2] += believed * offset_px
    return replace(camera, intrinsics=intrinsics)


@dataclass(frozen=True, eq=False)
class RoughFit:
    """A head that is nearly there, from some of the landmarks.

    Attributes:
        parameters, camera: with the focal length found.
        cost: comparable with that of other rough fits of the same landmarks.
    """

    parameters: HeadParameters
    camera: Camera
    cost: float


@runtime_checkable
class Fitter(Protocol):
    """Fits the landmarks of one face before any camera."""

    def rough(self, camera: Camera, start: HeadParameters | None = None) -> RoughFit | None:
        """A rough fit, from a start where one is known; None where no pose is near the landmarks."""
        ...

    def fine(self, rough: RoughFit) -> HeadFit:
        """The fit itself."""
        ...


def fitted_in_part(
    fitter: Fitter,
    model: FitModel,
    data: LandmarkTerm,
    camera: Camera,
    *,
    content: Content | None = None,
) -> HeadFit | None:
    """A fit to a face in a picture that may be a part of another one; None where there is none.

    Args:
        camera: of the picture, if it is a whole one.
        content: what of the picture is one; None: all of it.
    """
    through_face = axis_through_face(camera, data, content=content)
    rough = fitter.rough(through_face)
    if rough is None:
        return None
    fit = fitter.fine(rough)
    if not fit.status.usable:
        return fit
    camera = camera.with_focal(fit.camera.focal_px)
    state = placed(model, fit.parameters, data, found=fit.camera, camera=camera)
    aside = np.hypot(*(through_face.intrinsics - camera.intrinsics)[:2, 2]) / fit.camera.focal_px
    if aside > _TOLD_BY_STRETCH:
        other = fitter.rough(camera, state.parameters)
        if other is not None and other.cost < rough.cost - CLEARLY_BETTER + _ROUGHLY:
            whole = fitter.fine(other)
            if whole.status.usable and whole.cost_history[-1] < fit.cost_history[-1] - CLEARLY_BETTER:
                return whole
    residuals_px = state.points_px.T - fit.landmarks.points_px
    return replace(fit, parameters=state.parameters, camera=camera, residuals_px=residuals_px)


def placed(
    model: FitModel, parameters: HeadParameters, data: LandmarkTerm, *, found: Camera, camera: Camera
) -> HeadState:
    """A head that was fitted before one camera, turned and moved to where another one sees its landmarks.

    Args:
        found: the camera before which it was fitted.
        camera: the same but for where its axis meets the picture.
    """
    shift_px = found.intrinsics[:2, 2] - camera.intrinsics[:2, 2]
    place_m = found.to_camera(parameters.root_translation_m)
    aside_m = np.append(np.linalg.solve(camera.intrinsics[:2, :2], shift_px) * place_m[2], 0)
    moved_m = parameters.root_translation_m + camera.world_from_camera[:3, :3] @ aside_m
    start = replace(parameters, root_translation_m=moved_m)
    problem = HeadProblem(HeadScene(model, Unknowns(), start, camera), (data,))
    if not shift_px.any():
        return problem.state(problem.start())
    solution = PLACE_SOLVER.solve(problem, problem.start())
    return problem.state(solution.x if solution.status.usable else problem.start())
