"""Laying our skin onto the ICT-FaceKit neutral."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.geometry.alignment import Similarity, align_similarity
from mien.head_building.feature_curves import Ties, lid_ties, lip_border_ties, lip_contact_ties
from mien.head_building.ict_facekit import VERTEX_RANGES, IctFaceKit
from mien.head_building.quad_skin import (
    LEFT_SOCKET,
    LOWER_LIP,
    MOUTH_INTERIOR,
    RIGHT_SOCKET,
    SKIN,
    UPPER_LIP,
    QuadSkin,
)
from mien.head_building.registration import Registration, SurfaceSamples, register


@dataclass(frozen=True)
class SkinOnIct:
    """Our skin on the ICT neutral, and the similarity that first took it there.

    Attributes:
        registration: the skin's places and the carrier of ICT's shapes.
        scale, rotation, translation_m: MakeHuman decimetres → ICT metres (before the non-rigid part).
    """

    registration: Registration
    scale: float
    rotation: np.ndarray
    translation_m: np.ndarray


def ict_labels(ict: IctFaceKit) -> np.ndarray:
    """(V,) labels of ICT's vertices, the same ones as our skin's."""
    labels = np.full(len(ict.neutral_m), SKIN)
    for label, part in (
        (MOUTH_INTERIOR, "mouth_socket"),
        (LEFT_SOCKET, "left_eye_socket"),
        (RIGHT_SOCKET, "right_eye_socket"),
    ):
        first, last = VERTEX_RANGES[part]
        labels[first:last] = label
    opening = np.linalg.norm(ict.expression_m[ict.expression_names.index("jawOpen")], axis=1)
    middle_of_lips = ict.neutral_m[ict.landmarks68[[48, 54]]].mean(axis=0)
    distance = np.linalg.norm((ict.neutral_m - middle_of_lips) * [0.8, 1, 0.5], axis=1)
    near_lips = (np.arange(len(labels)) < VERTEX_RANGES["face"][1]) & (distance < 0.030)
    full = opening[ict.landmarks68[57]]
    labels[near_lips & (opening < 0.30 * full)] = UPPER_LIP
    labels[near_lips & (opening > 0.62 * full)] = LOWER_LIP
    return labels


def _ear_extremes(vertices_m: np.ndarray, skin: np.ndarray, eye_corner_m: np.ndarray) -> list[int]:
    """Outermost, highest, lowest and rearmost vertex of the left ear."""
    height, depth = vertices_m[:, 1] - eye_corner_m[1], vertices_m[:, 2] - eye_corner_m[2]
    side = skin & (height > -0.08) & (height < 0.05) & (depth < -0.04)
    ear = np.nonzero(side & (vertices_m[:, 0] > 0.90 * vertices_m[side, 0].max()))[0]
    x, y, z = vertices_m[ear].T
    return [int(ear[i]) for i in (x.argmax(), y.argmax(), y.argmin(), z.argmin())]


def _nose_tip(skin: QuadSkin, ict: IctFaceKit) -> Ties:
    return Ties.of(np.array([skin.nose_tip]), ict.landmarks68[[30], None], np.ones((1, 1)))


def ict_from_makehuman(skin: QuadSkin, ict: IctFaceKit) -> Similarity:
    """The similarity that takes our skin's lips, lids and nose (decimetres) to the ICT neutral's (metres)."""
    ties = Ties.joined([lid_ties(skin, ict), lip_contact_ties(skin, ict), _nose_tip(skin, ict)])
    return align_similarity(skin.vertices[ties.vertices], ties.points(ict.neutral_m))


def lay_skin_on_ict(skin: QuadSkin, ict: IctFaceKit) -> SkinOnIct:
    """Similarity from lips, lids and nose, then the non-rigid registration."""
    mirror, flip = skin.mirror, np.array([-1.0, 1.0, 1.0])
    alignment = ict_from_makehuman(skin, ict)
    aligned = alignment.apply(skin.vertices)
    aligned = (aligned + aligned[mirror] * flip) / 2

    eye_corner_m = ict.neutral_m[ict.landmarks68[45]]
    outside = (skin.labels == SKIN) | (skin.labels >= UPPER_LIP)
    our_ear = np.array(_ear_extremes(aligned, outside, eye_corner_m))
    their_skin = np.arange(len(ict.neutral_m)) < VERTEX_RANGES["head_and_neck"][1]
    ears = []
    for side in (1.0, -1.0):
        theirs = np.array(_ear_extremes(ict.neutral_m * [side, 1, 1], their_skin, eye_corner_m))
        ears.append(Ties.of(our_ear if side > 0 else mirror[our_ear], theirs[:, None], np.ones((4, 1))))
    guides = Ties.joined([lip_border_ties(skin, ict), _nose_tip(skin, ict), *ears])
    ties = Ties.joined([lid_ties(skin, ict), lip_contact_ties(skin, ict)])

    parts = ("face", "head_and_neck", "mouth_socket", "left_eye_socket", "right_eye_socket")
    target = SurfaceSamples.of(
        ict.neutral_m, ict.part_triangles(*parts), spacing=0.0009, vertex_labels=ict_labels(ict)
    )
    # The inside of mouth and eye sockets has another shape than ICT's: it follows its rims.
    compatible = np.zeros((6, 6), bool)
    compatible[SKIN, [SKIN, UPPER_LIP, LOWER_LIP]] = True
    compatible[UPPER_LIP, [SKIN, UPPER_LIP]] = True
    compatible[LOWER_LIP, [SKIN, LOWER_LIP]] = True
    registration = register(
        aligned,
        skin.triangles,
        skin.labels,
        target,
        ties=ties,
        guides=guides,
        target_m=ict.neutral_m,
        mirror=mirror,
        compatible=compatible,
    )
    return SkinOnIct(registration, alignment.scale, alignment.rotation, alignment.translation)
