"""Expressions of fitted heads against those that were rendered: ARKit weights, gaze, lips, lids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from mien.evaluation.fitting.pictured_people import FittedPicture
from mien.evaluation.tracking.face_movements import Following, following
from mien.fitting.arkit_weights import arkit_weights
from mien.fitting.context import Context
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.arkit_names import ARKIT_NAMES
from mien.heads.gaze import eye_rotations
from mien.landmarks.types import Landmarks2D
from mien.synthetic.held_out_people.crowd import Photographer

ENOUGH = 0.04
"""Standard deviation of a true weight from which on its shape is worth a line."""
LIPS = (62, 66)
"""Inner edges of the lips, in "ibug68"."""
EYES = ((36, 39, ((37, 41), (38, 40))), (42, 45, ((43, 47), (44, 46))))
"""Corners of the right and the left eye and the pairs across their lids, in "ibug68"."""
SHUT, OPEN = 0.15, 0.6
"""Gaps of the lids over those at rest, below and above which eyes are shut and open."""
LIDS_TO_YAW_RAD = np.radians(45)


@dataclass(frozen=True)
class Openings:
    """Lips and lids of one kind of points: the network's, or the fitted head's.

    Attributes:
        lips_error: mean error of the lips' gap on the tenth of the pictures where it is widest, over the gap;
            lips_ratio: mean gap there over the true one.
        lids_told_apart: share of shut and of open eyes that are told by the gap over the eye's width, mean of
            both, with the limit that tells the other half of the people apart best; below 45° of yaw.
        shut, open: how many eyes.
    """

    lips_error: float
    lips_ratio: float
    lids_told_apart: float
    shut: int
    open: int


@dataclass(frozen=True, eq=False)
class ExpressionsResult:
    """Fits of one network.

    Attributes:
        pictures, fitted: how many there are, and how many have a fit.
        weights: by ARKit shape how the fitted weight follows the true one, where that moves enough.
        gaze: "yaw" and "pitch" of the eyes in the head, radians, likewise, where both eyes are open.
        openings: by "landmarks" and "head".
    """

    pictures: int
    fitted: int
    weights: dict[str, Following]
    gaze: dict[str, Following]
    openings: dict[str, Openings]


def study_expressions(photographer: Photographer, pictures: Sequence[FittedPicture]) -> ExpressionsResult:
    """Compare fits of pictures with how these were drawn."""
    head, crowd = photographer.head, photographer.crowd
    context = Context(head=head)
    fitted = [picture for picture in pictures if picture.fit is not None]
    places = [
        head.expression_names.index(name) if name in head.expression_names else -1 for name in ARKIT_NAMES
    ]
    true, ours = [], []
    for picture in fitted:
        assert picture.fit is not None
        drawn = crowd.parameters(picture.person, picture.shot)
        true.append(np.where(np.array(places) >= 0, drawn.expression[places], 0))
        ours.append(arkit_weights(picture.fit, context=context).weights)
    true, ours = np.array(true).reshape(-1, len(places)), np.array(ours).reshape(-1, len(places))
    weights = {name: following(ours[:, i], true[:, i]) for i, name in enumerate(ARKIT_NAMES)}
    return ExpressionsResult(
        pictures=len(pictures),
        fitted=len(fitted),
        weights={name: one for name, one in weights.items() if one.spread >= ENOUGH},
        gaze=gaze_followed(photographer, fitted),
        openings=_openings(photographer, fitted),
    )


def gaze_followed(photographer: Photographer, fitted: Sequence[FittedPicture]) -> dict[str, Following]:
    """How fitted eyes follow the true "yaw" and "pitch", radians, in pictures that show both irises."""
    names = photographer.head.expression_names
    true, ours = [], []
    for picture in fitted:
        shown = photographer.landmarks(picture.person, picture.shot, "ibug68").points_px[None]
        rest = _at_rest(photographer, picture.person, picture.shot).points_px[None]
        if picture.fit is None or (_lid_gaps(shown) < OPEN * _lid_gaps(rest)).any():
            continue
        # Both turn the eyes by joints and by shapes, each in a way of its own.
        drawn = photographer.crowd.parameters(picture.person, picture.shot)
        true.append(eye_rotations(drawn, names)[:, :2].mean(axis=0))
        ours.append(eye_rotations(picture.fit.parameters, names)[:, :2].mean(axis=0))
    turns, fitted_turns = np.array(true).reshape(-1, 2), np.array(ours).reshape(-1, 2)
    return {name: following(fitted_turns[:, i], turns[:, i]) for i, name in ((1, "yaw"), (0, "pitch"))}


def _openings(photographer: Photographer, fitted: Sequence[FittedPicture]) -> dict[str, Openings]:
    head = photographer.head
    vertices = head.landmark_set("ibug68").vertices
    true_px, rest_px, landmarks_px, head_px, yaws_rad, people = [], [], [], [], [], []
    for picture in fitted:
        assert picture.fit is not None
        assert picture.found is not None
        person, shot = picture.person, picture.shot
        true_px.append(photographer.landmarks(person, shot, "ibug68").points_px)
        rest_px.append(_at_rest(photographer, person, shot).points_px)
        landmarks_px.append(picture.found.to("ibug68").points_px)
        head_px.append(picture.fit.camera.project(head.vertices_m(picture.fit.parameters)[vertices]))
        yaws_rad.append(_yaw_rad(photographer.crowd.root_rotation[person, shot]))
        people.append(person)
    if not fitted:
        return {}
    true, rest = np.array(true_px), np.array(rest_px)
    near = np.abs(yaws_rad) < LIDS_TO_YAW_RAD
    shut = _lid_gaps(true) < SHUT * _lid_gaps(rest)
    open_ = _lid_gaps(true) > OPEN * _lid_gaps(rest)
    shut, open_ = shut & near[:, None], open_ & near[:, None]
    return {
        name: openings(np.array(points), true, shut=shut, open_=open_, people=np.array(people))
        for name, points in (("landmarks", landmarks_px), ("head", head_px))
    }


def openings(
    points_px: Float[np.ndarray, "pictures 68 2"],
    true_px: Float[np.ndarray, "pictures 68 2"],
    *,
    shut: Bool[np.ndarray, "pictures 2"],
    open_: Bool[np.ndarray, "pictures 2"],
    people: np.ndarray,
) -> Openings:
    """Lips and lids of points against the true ones.

    Args:
        shut, open_: which right and left eyes truly are.
        people: who is in each picture; limits are chosen on half of them for the others.
    """
    gap_px = np.linalg.norm(points_px[:, LIPS[0]] - points_px[:, LIPS[1]], axis=1)
    true_gap_px = np.linalg.norm(true_px[:, LIPS[0]] - true_px[:, LIPS[1]], axis=1)
    eyes_px = np.linalg.norm(true_px[:, 45] - true_px[:, 36], axis=1)
    widest = np.argsort(-true_gap_px / eyes_px)[: max(1, len(true_px) // 10)]
    gaps = _lid_gaps(points_px) / _eye_widths(points_px)
    halves = np.broadcast_to(people[:, None] % 2, gaps.shape)
    right: dict[str, list[bool]] = {"shut": [], "open": []}
    for half in (0, 1):
        limit = _best_limit(gaps[shut & (halves != half)], gaps[open_ & (halves != half)])
        right["shut"] += (gaps[shut & (halves == half)] < limit).tolist()
        right["open"] += (gaps[open_ & (halves == half)] >= limit).tolist()
    shares = [float(np.mean(each)) for each in right.values() if each]
    return Openings(
        lips_error=float((np.abs(gap_px - true_gap_px)[widest] / true_gap_px[widest]).mean()),
        lips_ratio=float(gap_px[widest].mean() / true_gap_px[widest].mean()),
        lids_told_apart=float(np.mean(shares)) if len(shares) == 2 else float("nan"),
        shut=len(right["shut"]),
        open=len(right["open"]),
    )


def _best_limit(shut: np.ndarray, open_: np.ndarray) -> float:
    """The gap that leaves the fewest shut and open eyes on the wrong side, each kind counted as one."""
    if not len(shut) or not len(open_):
        return float("nan")
    limits = np.unique(np.concatenate([shut, open_]))
    limits = (limits[1:] + limits[:-1]) / 2 if len(limits) > 1 else limits
    wrong = [(shut >= limit).mean() + (open_ < limit).mean() for limit in limits]
    return float(np.mean(limits[np.isclose(wrong, np.min(wrong))]))


def _lid_gaps(points_px: Float[np.ndarray, "pictures 68 2"]) -> Float[np.ndarray, "pictures 2"]:
    """Mean gap of the right and the left eye's lids."""
    gaps = [
        np.mean([np.linalg.norm(points_px[:, a] - points_px[:, b], axis=1) for a, b in pairs], axis=0)
        for _, _, pairs in EYES
    ]
    return np.stack(gaps, axis=1)


def _eye_widths(points_px: Float[np.ndarray, "pictures 68 2"]) -> Float[np.ndarray, "pictures 2"]:
    return np.stack([np.linalg.norm(points_px[:, a] - points_px[:, b], axis=1) for a, b, _ in EYES], axis=1)


def _at_rest(photographer: Photographer, person: int, shot: int) -> Landmarks2D:
    """Where the landmarks would be with the same face at rest."""
    crowd, people = photographer.crowd, photographer.people
    drawn = crowd.parameters(person, shot)
    rest = replace(drawn, expression=np.zeros_like(drawn.expression))
    vertices = photographer.head.landmark_set("ibug68").vertices
    points_px = crowd.camera(person, shot).project(people.vertices_m(rest)[vertices])
    return Landmarks2D(points_px, np.ones(len(vertices)), "ibug68")


def _yaw_rad(root_rotation: Float[np.ndarray, " 3"]) -> float:
    """How far a face is turned to the side."""
    forward = matrix_from_rotation_vector(root_rotation)[:, 2]
    return float(np.arctan2(forward[0], forward[2]))
