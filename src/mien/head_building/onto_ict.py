"""Laying our skin onto the ICT-FaceKit neutral."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.geometry.alignment import Similarity, align_similarity
from mien.head_building.ict_facekit import VERTEX_RANGES, IctFaceKit
from mien.head_building.registration import Registration, SurfaceSamples, register
from mien.head_building.template import (
    LEFT_SOCKET,
    LOWER_LIP,
    MOUTH_INTERIOR,
    RIGHT_SOCKET,
    SKIN,
    UPPER_LIP,
    SkinTemplate,
)


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


def ict_from_makehuman(template: SkinTemplate, ict: IctFaceKit) -> Similarity:
    """The similarity that takes our skin's landmarks (decimetres) to those of the ICT neutral (metres)."""
    ours = np.array(list(template.landmarks.values()))
    return align_similarity(template.vertices[ours], ict.neutral_m[ict.landmarks68[list(template.landmarks)]])


def lay_skin_on_ict(template: SkinTemplate, ict: IctFaceKit) -> SkinOnIct:
    """Similarity from landmarks, then the non-rigid registration."""
    mirror = template.mesh.mirror_vertices
    flip = np.array([-1.0, 1.0, 1.0])
    ours = np.array(list(template.landmarks.values()))
    theirs = ict.neutral_m[ict.landmarks68[list(template.landmarks)]]
    alignment = ict_from_makehuman(template, ict)
    aligned = alignment.apply(template.vertices)
    aligned = (aligned + aligned[mirror] * flip) / 2

    eye_corner_m = ict.neutral_m[ict.landmarks68[45]]
    outside = (template.labels == SKIN) | (template.labels >= UPPER_LIP)
    our_ear = _ear_extremes(aligned, outside, eye_corner_m)
    their_skin = np.arange(len(ict.neutral_m)) < VERTEX_RANGES["head_and_neck"][1]
    ear_m = ict.neutral_m[_ear_extremes(ict.neutral_m, their_skin, eye_corner_m)]
    vertices = np.concatenate([ours, our_ear, mirror[our_ear]])
    points_m = np.concatenate([theirs, ear_m, ear_m * flip])

    triangles = ict.part_triangles(
        "face", "head_and_neck", "mouth_socket", "left_eye_socket", "right_eye_socket"
    )
    target = SurfaceSamples.of(ict.neutral_m, triangles, spacing=0.0009, vertex_labels=ict_labels(ict))
    compatible = np.zeros((6, 6), bool)
    compatible[SKIN, [SKIN, UPPER_LIP, LOWER_LIP]] = True
    compatible[UPPER_LIP, [SKIN, UPPER_LIP]] = True
    compatible[LOWER_LIP, [SKIN, LOWER_LIP]] = True
    for interior in (MOUTH_INTERIOR, LEFT_SOCKET, RIGHT_SOCKET):
        compatible[interior, interior] = True
    registration = register(
        aligned,
        template.mesh.triangles,
        template.labels,
        target,
        len(ict.neutral_m),
        landmark_vertices=vertices,
        landmark_points=points_m,
        mirror=mirror,
        compatible=compatible,
    )
    return SkinOnIct(registration, alignment.scale, alignment.rotation, alignment.translation)
