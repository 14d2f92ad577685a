"""Where the lens' axis meets a picture that may be a part of another one.

A lens shows a face beside its axis stretched away from it. Whether a face beside the middle is stretched, or
a wide one in a picture that somebody cut so, its landmarks hardly tell, and the same face would get another
shape in every cutting. So, unless they do tell, its shape and distance are found as if the axis went through
the face, and only then is the head put where the picture has it. A face far from the middle is another
matter: it is hardly a cutting, and its stretch is large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mien.cameras import Camera
from mien.fitting.results import HeadFit
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene
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

_TOLD_BY_STRETCH = 0.1
"""Tangent of the angle beside the axis from which stretch can be seen at all (half a per cent)."""

PLACE_SOLVER = LevenbergMarquardt(max_iterations=12, relative_tolerance=1e-6)


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


def fitted_in_part(
    fitted: Callable[[Camera], HeadFit | None],
    model: FitModel,
    data: LandmarkTerm,
    camera: Camera,
    *,
    content: Content | None = None,
) -> HeadFit | None:
    """A fit to a face in a picture that may be a part of another one.

    Args:
        fitted: the fit before a camera; None where there is none.
        camera: of the picture, if it is a whole one.
        content: what of the picture is one; None: all of it.
    """
    through_face = axis_through_face(camera, data, content=content)
    fit = fitted(through_face)
    if fit is None or not fit.status.usable:
        return fit
    aside = np.hypot(*(through_face.intrinsics - camera.intrinsics)[:2, 2]) / fit.camera.focal_px
    if aside > _TOLD_BY_STRETCH:
        other = fitted(camera)
        if (
            other is not None
            and other.status.usable
            and other.cost_history[-1] < fit.cost_history[-1] - CLEARLY_BETTER
        ):
            return other
    camera = camera.with_focal(fit.camera.focal_px)
    parameters = placed(model, fit.parameters, data, found=fit.camera, camera=camera)
    vertices = model.head.landmark_set(fit.landmarks.set_name).vertices
    points_px = camera.project(model.head.vertices_m(parameters)[vertices])
    residuals_px = points_px - fit.landmarks.points_px
    return replace(fit, parameters=parameters, camera=camera, residuals_px=residuals_px)


def placed(
    model: FitModel, parameters: HeadParameters, data: LandmarkTerm, *, found: Camera, camera: Camera
) -> HeadParameters:
    """A head that was fitted before one camera, turned and moved to where another one sees its landmarks.

    Args:
        found: the camera before which it was fitted.
        camera: the same but for where its axis meets the picture.
    """
    shift_px = found.intrinsics[:2, 2] - camera.intrinsics[:2, 2]
    if not shift_px.any():
        return parameters
    place_m = found.to_camera(parameters.root_translation_m)
    aside_m = np.append(np.linalg.solve(camera.intrinsics[:2, :2], shift_px) * place_m[2], 0)
    moved_m = parameters.root_translation_m + camera.world_from_camera[:3, :3] @ aside_m
    start = replace(parameters, root_translation_m=moved_m)
    problem = HeadProblem(HeadScene(model, Unknowns(), start, camera), (data,))
    solution = PLACE_SOLVER.solve(problem, problem.start())
    return problem.parameters(solution.x) if solution.status.usable else start
