"""The skin of our head: a re-triangulated MakeHuman head, its labels and its landmark places."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from mien.geometry.normals import vertex_normals
from mien.head_building.makehuman import MakeHuman, triangulated
from mien.head_building.remesh import Remeshed, remesh_symmetric
from mien.images.photo import read_image

BODY_VERTICES = 13380
"""Vertices of the base mesh before its helper geometry."""

SKIN, MOUTH_INTERIOR, LEFT_SOCKET, RIGHT_SOCKET, UPPER_LIP, LOWER_LIP = range(6)
"""Labels of skin vertices."""

MEAN_PERSON = {"ancestry": np.ones(3) / 3, "male": 0.5, "old": 0.2, "child": 0.0, "heavy": 0.0}

LEFT_LANDMARK_PLACES: dict[int, tuple[float, float]] = {
    42: (0.157, 7.265), 43: (0.240, 7.318), 44: (0.335, 7.325), 45: (0.411, 7.293), 46: (0.335, 7.253),
    47: (0.240, 7.254), 51: (0.0, 6.722), 52: (0.050, 6.727), 53: (0.130, 6.710), 54: (0.213, 6.622),
    55: (0.140, 6.535), 56: (0.065, 6.518), 57: (0.0, 6.516), 33: (0.0, 6.815),
}  # fmt: skip
"""iBUG landmark → frontal place (x, y) in decimetres on the mean MakeHuman head, read off a picture of it."""

MIRRORED_LANDMARKS = {42: 39, 43: 38, 44: 37, 45: 36, 46: 41, 47: 40, 52: 50, 53: 49, 54: 48, 55: 59, 56: 58}
"""iBUG landmarks of the subject's left side and their partners on the right."""


@dataclass(frozen=True)
class SkinTemplate:
    """Our skin mesh on the mean MakeHuman head.

    Attributes:
        mesh: triangles, texture triangles and the ties to the base mesh.
        vertices: (V, 3) on the mean MakeHuman head, decimetres.
        labels: (V,) one of the label constants.
        uv: (U, 2) texture coordinates of MakeHuman's skins.
        landmarks: iBUG index → vertex, for the landmarks that guide the registration.
        joint_weights: (V, 2) skinning weights of neck and head.
    """

    mesh: Remeshed
    vertices: np.ndarray
    labels: np.ndarray
    uv: np.ndarray
    landmarks: dict[int, int]
    joint_weights: np.ndarray


def _mirror_maps(
    makehuman: MakeHuman, faces: np.ndarray, face_uv: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    vertices = makehuman.base.vertices
    body = vertices[:BODY_VERTICES]
    partner = np.arange(len(vertices))
    partner[:BODY_VERTICES] = KDTree(body, leafsize=16).query(body * [-1, 1, 1])[1]
    uv_partner = np.arange(len(makehuman.base.uv))
    by_corners = {tuple(sorted(face)): i for i, face in enumerate(faces.tolist())}
    for face, uvs in zip(faces, face_uv, strict=True):
        other = by_corners.get(tuple(sorted(partner[face].tolist())))
        if other is None:
            continue
        corners = faces[other].tolist()
        for vertex, uv in zip(face, uvs, strict=True):
            uv_partner[uv] = face_uv[other][corners.index(partner[vertex])]
    return partner, uv_partner


def _target_edge_lengths(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """A little longer than the base mesh's own edges: artists already made it finer at eyes and lips."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    lengths = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    total, count = np.zeros(len(vertices)), np.zeros(len(vertices))
    for column in range(2):
        np.add.at(total, edges[:, column], lengths)
        np.add.at(count, edges[:, column], 1)
    return np.clip(total / np.maximum(count, 1), 0.015, 0.16) * 1.12


def _interior(makehuman: MakeHuman, mesh: Remeshed, uv: np.ndarray) -> np.ndarray:
    """(V,) inside of mouth and eye sockets: painted plain red on MakeHuman's skins."""
    skin = makehuman.folder / "skins" / "young_lightskinned_female_diffuse3.jpg"
    picture = read_image(skin).astype(int)
    place = np.zeros((len(mesh.mirror_vertices), 2))
    place[mesh.triangles.ravel()] = uv[mesh.uv_triangles.ravel()]
    height, width = picture.shape[:2]
    rows = np.clip(((1 - place[:, 1]) * height).astype(int), 0, height - 1)
    columns = np.clip((place[:, 0] * width).astype(int), 0, width - 1)
    color = picture[rows, columns]
    return (color[:, 0] > 200) & (color[:, 1] < 110)


def _joint_weights(makehuman: MakeHuman, mesh: Remeshed) -> np.ndarray:
    bones = json.loads((makehuman.folder / "default_weights.mhw").read_text())["weights"]
    body_bones = (
        "spine", "clavicle", "shoulder", "breast", "upperarm", "lowerarm", "pelvis", "root", "upperleg",
    )  # fmt: skip
    weights = np.zeros((len(makehuman.base.vertices), 3))
    for name, entries in bones.items():
        column = 0 if name.startswith("neck") else 2 if name.startswith(body_bones) else 1
        for vertex, weight in entries:
            weights[vertex, column] += weight
    ours = np.asarray(mesh.from_base @ weights)
    return (ours / np.maximum(ours.sum(axis=1, keepdims=True), 1e-9))[:, :2]


def build_skin_template(makehuman: MakeHuman) -> SkinTemplate:
    """Cut the head out of the base mesh and give it our topology."""
    base = makehuman.base
    vertices = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    body = base.face_groups == "body"
    faces, face_uv = base.faces[body], base.face_uv[body]
    above_cut = vertices[:, 1] > 5.75 - 0.2 * (vertices[:, 2] - 0.25)
    width = np.where(vertices[:, 1] < 6.2, 0.72, 1.0)
    head = above_cut & (np.arange(len(vertices)) < BODY_VERTICES) & (np.abs(vertices[:, 0]) < width)
    inside = head[faces].all(axis=1) & (faces[:, 3] >= 0)
    partner, uv_partner = _mirror_maps(makehuman, faces[inside], face_uv[inside])
    left = inside & (vertices[faces, 0].mean(axis=1) > 0)
    triangles = triangulated(faces[left])
    mesh = remesh_symmetric(
        triangles,
        triangulated(face_uv[left]),
        vertices,
        mirror=partner,
        uv_mirror=uv_partner,
        uv_count=len(base.uv),
        edge_length=_target_edge_lengths(vertices, triangles),
        half_vertices=2650,
    )
    ours, uv = mesh.from_base @ vertices, mesh.uv_from_base @ base.uv
    interior = _interior(makehuman, mesh, uv)
    return SkinTemplate(
        mesh=mesh,
        vertices=ours,
        labels=_labels(makehuman, mesh, ours, interior),
        uv=uv,
        landmarks=_landmarks(mesh, ours, interior),
        joint_weights=_joint_weights(makehuman, mesh),
    )


def _labels(makehuman: MakeHuman, mesh: Remeshed, ours: np.ndarray, interior: np.ndarray) -> np.ndarray:
    labels = np.full(len(ours), SKIN)
    labels[interior & (ours[:, 1] < 7.0)] = MOUTH_INTERIOR
    labels[interior & (ours[:, 1] > 7.0) & (ours[:, 0] > 0)] = LEFT_SOCKET
    labels[interior & (ours[:, 1] > 7.0) & (ours[:, 0] < 0)] = RIGHT_SOCKET
    opening = (
        makehuman.base_vertices({"expression/units/caucasian/mouth-open": 1.0}) - makehuman.base.vertices
    )
    moved = np.linalg.norm(mesh.from_base @ opening, axis=1)
    middle_of_lips = np.array([0.0, 6.63, 1.38])
    near_lips = ~interior & (np.linalg.norm((ours - middle_of_lips) * [0.8, 1, 0.5], axis=1) < 0.30)
    lower_middle = np.argmin(np.linalg.norm(ours - [0.0, 6.516, 1.45], axis=1) + interior)
    full = moved[lower_middle]
    labels[near_lips & (moved < 0.30 * full)] = UPPER_LIP
    labels[near_lips & (moved > 0.62 * full)] = LOWER_LIP
    return labels


def _landmarks(mesh: Remeshed, ours: np.ndarray, interior: np.ndarray) -> dict[int, int]:
    forward = vertex_normals(ours, mesh.triangles)[:, 2] > -0.2
    visible = np.nonzero(~interior & forward & (ours[:, 2] > 0.9))[0]
    landmarks = {}
    for index, (x, y) in LEFT_LANDMARK_PLACES.items():
        distance = np.hypot(ours[visible, 0] - x, ours[visible, 1] - y)
        if x == 0:
            distance = np.where(np.abs(ours[visible, 0]) < 1e-6, distance, np.inf)
        near = visible[distance < distance.min() + 0.006]
        landmarks[index] = int(near[ours[near, 2].argmax()])
    midline_nose = (np.abs(ours[:, 0]) < 1e-6) & (ours[:, 1] > 6.8) & (ours[:, 1] < 7.1)
    landmarks[30] = int(np.where(midline_nose, ours[:, 2], -np.inf).argmax())
    for left, right in MIRRORED_LANDMARKS.items():
        landmarks[right] = int(mesh.mirror_vertices[landmarks[left]])
    return landmarks
