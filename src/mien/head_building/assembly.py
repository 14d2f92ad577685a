"""Skin, eyeballs and teeth as one mesh, and the ways by which both sources' shapes come onto it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.eyeballs import mirror_of_unit_eyeball, unit_eyeball
from mien.head_building.ict_facekit import VERTEX_RANGES, IctFaceKit
from mien.head_building.makehuman import MakeHuman
from mien.head_building.onto_ict import SkinOnIct, lay_skin_on_ict
from mien.head_building.teeth import TeethMesh, build_teeth
from mien.head_building.template import (
    LEFT_SOCKET,
    MOUTH_INTERIOR,
    RIGHT_SOCKET,
    SkinTemplate,
    build_skin_template,
)

PARTS = ("skin", "mouth_interior", "eye_sockets", "left_eye", "right_eye", "upper_teeth", "lower_teeth")


@dataclass(frozen=True)
class Assembly:
    """All parts on one mesh, before identity statistics.

    Attributes:
        vertices_m: (V, 3) on the ICT neutral; first the skin, then the eyes, then the teeth.
        offsets: first vertex of skin, left eye, right eye, upper teeth, lower teeth, and the end.
    """

    template: SkinTemplate
    on_ict: SkinOnIct
    upper: TeethMesh
    lower: TeethMesh
    vertices_m: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    uv_triangles: np.ndarray
    parts: np.ndarray
    mirror: np.ndarray
    offsets: tuple[int, ...]
    eye_centres_m: np.ndarray


def _eye_frame(ict: IctFaceKit, side: str) -> tuple[np.ndarray, float]:
    first, last = VERTEX_RANGES[f"{side}_eyeball"]
    vertices = ict.neutral_m[first:last]
    # the sclera is a sphere: fit ‖v‖² = 2 c·v + (r² − ‖c‖²)
    solution = np.linalg.lstsq(
        np.concatenate([2 * vertices, np.ones((len(vertices), 1))], axis=1),
        (vertices**2).sum(axis=1),
        rcond=None,
    )[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def assemble(makehuman: MakeHuman, ict: IctFaceKit) -> Assembly:
    """Skin, eyeballs and teeth as one symmetric mesh on the ICT neutral."""
    template = build_skin_template(makehuman)
    on_ict = lay_skin_on_ict(template, ict)
    skin_m = _level_border(on_ict.registration.vertices_m, template)
    eyeball = unit_eyeball()
    left_centre, radius = _eye_frame(ict, "left")
    flip = np.array([-1.0, 1.0, 1.0])
    centres = np.stack([left_centre, left_centre * flip])
    radius *= 0.985  # a hair smaller than ICT's, so that lids of another topology do not touch it
    eyes = [centres[0] + radius * eyeball.vertices, centres[1] + radius * eyeball.vertices]
    upper, lower = build_teeth(ict, upper=True), build_teeth(ict, upper=False)
    pieces = [skin_m, *eyes, upper.vertices_m, lower.vertices_m]
    offsets = tuple(np.cumsum([0, *map(len, pieces)]).tolist())
    triangles = np.concatenate(
        [
            template.mesh.triangles,
            eyeball.triangles + offsets[1],
            eyeball.triangles + offsets[2],
            upper.triangles + offsets[3],
            lower.triangles + offsets[4],
        ]
    )
    skin_uv_count = len(template.uv)
    teeth_uv = np.full((len(upper.vertices_m) + len(lower.vertices_m), 2), 0.5)
    uv = np.concatenate([template.uv, eyeball.uv, eyeball.uv, teeth_uv])
    uv_offset = skin_uv_count - offsets[1]
    uv_triangles = np.concatenate(
        [template.mesh.uv_triangles, triangles[len(template.mesh.triangles) :] + uv_offset]
    )
    eye_mirror = mirror_of_unit_eyeball()
    mirror = np.concatenate(
        [
            template.mesh.mirror_vertices,
            eye_mirror + offsets[2],
            eye_mirror + offsets[1],
            upper.mirror + offsets[3],
            lower.mirror + offsets[4],
        ]
    )
    parts = np.repeat(np.array([0, 3, 4, 5, 6]), np.diff(offsets))
    labels = template.labels
    parts[: offsets[1]][labels == MOUTH_INTERIOR] = 1
    parts[: offsets[1]][(labels == LEFT_SOCKET) | (labels == RIGHT_SOCKET)] = 2
    return Assembly(
        template=template,
        on_ict=on_ict,
        upper=upper,
        lower=lower,
        vertices_m=np.concatenate(pieces),
        triangles=triangles,
        uv=uv,
        uv_triangles=uv_triangles,
        parts=parts,
        mirror=mirror,
        offsets=offsets,
        eye_centres_m=centres,
    )


def _level_border(skin_m: np.ndarray, template: SkinTemplate) -> np.ndarray:
    """Move the neck's border onto one plane."""
    triangles = template.mesh.triangles
    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(unique[counts == 1])
    levelled = skin_m.copy()
    design = np.stack([np.ones(len(border)), skin_m[border, 2]], axis=1)
    plane = np.linalg.lstsq(design, skin_m[border, 1], rcond=None)[0]
    levelled[border, 1] = design @ plane
    return levelled


def carry_from_ict(assembly: Assembly, displacements_m: np.ndarray, *, expression: bool) -> np.ndarray:
    """(N, V_ict, 3) displacements of ICT's vertices → (N, V, 3) of ours.

    Eyeballs move and grow as a whole with identity and not at all with expression (joints turn them).
    """
    result = np.zeros((len(displacements_m), len(assembly.vertices_m), 3))
    o = assembly.offsets
    result[:, : o[1]] = assembly.on_ict.registration.carry(displacements_m)
    if not expression:
        for side, start, end in (("left", o[1], o[2]), ("right", o[2], o[3])):
            first, last = VERTEX_RANGES[f"{side}_eyeball"]
            result[:, start:end] = displacements_m[:, first:last].mean(axis=1, keepdims=True)
    for teeth, start, end in ((assembly.upper, o[3], o[4]), (assembly.lower, o[4], o[5])):
        result[:, start:end] = np.einsum(
            "vk,nvkc->nvc", teeth.ict_weights, displacements_m[:, teeth.ict_vertices]
        )
    return result


def carry_from_makehuman(assembly: Assembly, makehuman: MakeHuman, displacement: np.ndarray) -> np.ndarray:
    """(B, 3) displacement of the base mesh (decimetres) → (V, 3) of ours, metres."""
    on_ict, o = assembly.on_ict, assembly.offsets

    def to_metres(d: np.ndarray) -> np.ndarray:
        return on_ict.scale * d @ on_ict.rotation.T

    result = np.zeros_like(assembly.vertices_m)
    result[: o[1]] = to_metres(assembly.template.mesh.from_base @ displacement)
    groups, faces = makehuman.base.face_groups, makehuman.base.faces
    for group, start, end in (
        ("helper-l-eye", o[1], o[2]),
        ("helper-r-eye", o[2], o[3]),
        ("helper-upper-teeth", o[3], o[4]),
        ("helper-lower-teeth", o[4], o[5]),
    ):
        members = np.unique(faces[groups == group])
        result[start:end] = to_metres(displacement[members[members >= 0]].mean(axis=0))
    return result
