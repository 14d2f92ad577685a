"""Parameters of a fitted FLAME head as FLAME's own programs take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.formats.flame import JAW_TURNS_RAD
from mien.heads.formats.plain import SIGNED_STD
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters

NECK, HEAD, LEFT_EYE, RIGHT_EYE = range(4)


@dataclass(frozen=True, eq=False)
class FlameParameters:
    """FLAME's own parameters (Li et al. 2017); rotation vectors in radians, metres.

    Attributes:
        shape: (I,) identity coefficients (betas), the leading ones of FLAME's 300.
        expression: (E,) expression coefficients, the leading ones of FLAME's 100.
        global_pose: (3,) rotation about the root joint.
        neck_pose, jaw_pose: (3,) of these joints.
        eyes_pose: (6,) left eye, then right eye.
        translation_m: (3,) added to every vertex at the end.
    """

    shape: Float[np.ndarray, " shape"]
    expression: Float[np.ndarray, " expression"]
    global_pose: Float[np.ndarray, " 3"]
    neck_pose: Float[np.ndarray, " 3"]
    jaw_pose: Float[np.ndarray, " 3"]
    eyes_pose: Float[np.ndarray, " 6"]
    translation_m: Float[np.ndarray, " 3"]


@checked_call
def flame_parameters(head: Head, parameters: HeadParameters) -> FlameParameters:
    """What FLAME's own layer needs to give the same vertices.

    Exact but for what mien's heads leave out (`mien.heads.formats.flame`): pose correctives of neck and eyes,
    the arc of the jaw, which moves straight here, and joints that follow expression.

    >>> track = mien.track_video("clip.mp4", head="flame2023.pkl")
    >>> head = mien.load_head("flame2023.pkl")
    >>> frames = [mien.flame_parameters(head, track.parameters(f)) for f in range(len(track))]

    Args:
        head: a FLAME head, as its file was read or converted.
        parameters: of a fit or a frame, `fit.parameters` or `track.parameters(frame)`.

    Raises:
        InputError: the head is no FLAME, or the parameters are of another one.
    """
    names = head.expression_names
    if names[: len(JAW_TURNS_RAD)] != tuple(JAW_TURNS_RAD) or head.name != "flame":
        raise InputError(
            f"the head {head.name!r} is no FLAME; load one with mien.load_head, or convert expressions to it "
            "with mien.map_expressions"
        )
    given = (len(parameters.identity), len(parameters.expression))
    if given != (head.identity_count, head.expression_count):
        raise InputError(
            f"the parameters have {given[0]} identity and {given[1]} expression weights, this FLAME has "
            f"{head.identity_count} and {head.expression_count}"
        )
    weights = parameters.expression
    jaw = weights[: len(JAW_TURNS_RAD)] @ np.array(list(JAW_TURNS_RAD.values()))
    signed = weights[len(JAW_TURNS_RAD) :].reshape(-1, 2)
    # mien turns the head about the origin of its frame, FLAME about its root joint, the first of mien's.
    root_m = head.joints_m(parameters.identity)[NECK]
    turned_m = matrix_from_rotation_vector(parameters.root_rotation) @ root_m
    if np.abs(parameters.joint_rotations[NECK]).max() > 1e-6:
        raise InputError("mien's neck joint is turned, which FLAME has not; turn the head joint instead")
    return FlameParameters(
        shape=parameters.identity,
        expression=(signed[:, 0] - signed[:, 1]) / SIGNED_STD,
        global_pose=parameters.root_rotation,
        neck_pose=parameters.joint_rotations[HEAD],
        jaw_pose=jaw,
        eyes_pose=parameters.joint_rotations[[LEFT_EYE, RIGHT_EYE]].reshape(-1),
        translation_m=parameters.root_translation_m + turned_m - root_m,
    )
