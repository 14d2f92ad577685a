"""`mien head build`: from samples of ICT-FaceKit and MakeHuman to the built-in head."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mien.geometry.alignment import align_rigid
from mien.geometry.normals import vertex_normals
from mien.heads.model import Head, LandmarkSet
from mien.training.head_building import landmark_choice as choice
from mien.training.head_building.eyeballs import mirror_of_unit_eyeball, unit_eyeball
from mien.training.head_building.ict_facekit import VERTEX_RANGES, IctFaceKit, read_ict_facekit
from mien.training.head_building.makehuman import MakeHuman
from mien.training.head_building.onto_ict import SkinOnIct, lay_skin_on_ict
from mien.training.head_building.people import makehuman_displacement, random_makehuman_weights
from mien.training.head_building.teeth import TeethMesh, build_teeth
from mien.training.head_building.template import (
    LEFT_SOCKET,
    LOWER_LIP,
    MEAN_PERSON,
    MOUTH_INTERIOR,
    RIGHT_SOCKET,
    SKIN,
    UPPER_LIP,
    SkinTemplate,
    build_skin_template,
)

PARTS = ("skin", "mouth_interior", "eye_sockets", "left_eye", "right_eye", "upper_teeth", "lower_teeth")
HEAD_NAME, HEAD_VERSION = "mien-head", "1.0"
LID_OVERLAP_M = 0.0008
"""How far closed lids overlap."""
NOT_EXPORTED_ALONE = {"browInnerUp": ("browInnerUp_L", "browInnerUp_R"), "cheekPuff": ("cheekPuff_L", "cheekPuff_R")}
"""ARKit shapes that ICT-FaceKit splits into two sides."""


@dataclass(frozen=True)
class HeadBuildConfig:
    """Learn the built-in head."""

    assets: Path
    """Folder that holds `ict_facekit/` and `makehuman/`."""
    out: Path = Path("head.npz")
    """File to write."""
    people: int = 1600
    """Random people drawn from each source."""
    ict_share: float = 0.6
    """Share of ICT-FaceKit (scan-based) in the identity statistics; the rest is MakeHuman."""
    components: int = 100
    """Identity components."""
    held_out: int = 200
    """Fresh people of each source on which the reproduction error is measured."""
    seed: int = 0
    """Seed of all random people."""


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
        np.concatenate([2 * vertices, np.ones((len(vertices), 1))], axis=1), (vertices**2).sum(axis=1), rcond=None
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
    uv_triangles = np.concatenate([template.mesh.uv_triangles, triangles[len(template.mesh.triangles) :] + uv_offset])
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
        template, on_ict, upper, lower, np.concatenate(pieces), triangles, uv, uv_triangles, parts, mirror, offsets,
        centres,
    )  # fmt: skip


def _level_border(skin_m: np.ndarray, template: SkinTemplate) -> np.ndarray:
    """Move the neck's border onto one plane."""
    triangles = template.mesh.triangles
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
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


def _without_pose(vertices_m: np.ndarray, reference_m: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return align_rigid(vertices_m[rows], reference_m[rows]).apply(vertices_m)


def draw_people(
    assembly: Assembly, makehuman: MakeHuman, ict_identity: np.ndarray, *, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Random heads of each source on our mesh, (count, V, 3) each, rigidly aligned, metres."""
    face = np.flatnonzero((assembly.parts == 0) & (assembly.vertices_m[:, 1] > -0.08))
    reference = assembly.vertices_m
    weights = rng.normal(size=(count, len(ict_identity)))
    flat = weights @ ict_identity.reshape(len(ict_identity), -1)
    ict_heads = reference + flat.reshape(count, -1, 3)
    makehuman_heads = np.stack(
        [
            reference
            + carry_from_makehuman(
                assembly, makehuman, makehuman_displacement(makehuman, random_makehuman_weights(makehuman, rng))
            )
            for _ in range(count)
        ]
    )
    for heads in (ict_heads, makehuman_heads):
        for i in range(count):
            heads[i] = _without_pose(heads[i], reference, face)
    return ict_heads, makehuman_heads


def build_head(config: HeadBuildConfig, *, report: Callable[[str], None] = lambda _: None) -> tuple[Head, dict]:
    """Build the head and measure how well it reproduces people it was not learned from.

    Args:
        report: called with a sentence at each stage.

    Returns:
        the head, and figures: millimetres of held-out heads of both sources.
    """
    rng = np.random.default_rng(config.seed)
    makehuman, ict = MakeHuman(config.assets / "makehuman"), read_ict_facekit(config.assets / "ict_facekit")
    report("laying our mesh onto the ICT-FaceKit neutral")
    assembly = assemble(makehuman, ict)
    report("carrying over identities and expressions")
    ict_identity = carry_from_ict(assembly, ict.identity_m, expression=False)
    ict_expression = carry_from_ict(assembly, ict.expression_m, expression=True)
    report(f"drawing {config.people} people of each source")
    ict_heads, makehuman_heads = draw_people(assembly, makehuman, ict_identity, count=config.people, rng=rng)

    report("learning identity")
    count = config.people
    row_weight = np.sqrt(
        np.repeat([config.ict_share / count, (1 - config.ict_share) / count], count)
    )[:, None]
    everyone = np.concatenate([ict_heads, makehuman_heads]).reshape(2 * count, -1)
    del ict_heads, makehuman_heads
    mean = (everyone * row_weight**2).sum(axis=0)
    mean = _symmetric(mean.reshape(-1, 3), assembly.mirror).ravel()
    basis, singular = _principal(np.float32(row_weight) * (everyone - mean).astype(np.float32), config.components, rng)
    identity = (basis.T * singular[:, None]).reshape(config.components, -1, 3).astype(float)
    coordinates = (everyone - mean) @ (basis / singular)
    mixture = _mixture(coordinates, config.ict_share)

    report("measuring on people it has not seen")
    face = assembly.parts == 0
    figures = {"vertices": len(assembly.vertices_m), "triangles": len(assembly.triangles)}
    fresh = draw_people(assembly, makehuman, ict_identity, count=config.held_out, rng=rng)
    for name, heads in zip(("ict", "makehuman"), fresh, strict=True):
        flat = heads.reshape(len(heads), -1) - mean
        rebuilt = (flat @ basis) @ basis.T
        error_mm = 1000 * np.linalg.norm((flat - rebuilt).reshape(len(heads), -1, 3)[:, face], axis=2)
        mean_mm = 1000 * np.linalg.norm(flat.reshape(len(heads), -1, 3)[:, face], axis=2)
        figures[f"{name}_mean_error_mm"] = round(float(error_mm.mean()), 3)
        figures[f"{name}_95_percent_error_mm"] = round(float(np.percentile(error_mm, 95)), 3)
        figures[f"{name}_mean_head_error_mm"] = round(float(mean_mm.mean()), 3)

    names, expression = _arkit_shapes(ict, ict_expression)
    landmark_sets = _landmark_sets(assembly, ict, mean.reshape(-1, 3))
    _close_eyes(expression, names, mean.reshape(-1, 3), landmark_sets["ibug68"].vertices)
    head = Head(
        name=HEAD_NAME,
        version=HEAD_VERSION,
        mean_m=mean.reshape(-1, 3),
        triangles=assembly.triangles,
        identity_basis_m=identity,
        expression_basis_m=expression,
        expression_names=names,
        part_names=PARTS,
        vertex_parts=assembly.parts,
        uv=assembly.uv,
        uv_triangles=assembly.uv_triangles,
        mirror_vertices=assembly.mirror,
        landmark_sets=landmark_sets,
        identity_mixture=mixture,
        skinning_weights=_skinning(assembly),
        **_joints(assembly, makehuman, mean.reshape(-1, 3), identity),
    )
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(config).items() if k != "assets"}
    return head, {"figures": figures, "config": settings}


def _symmetric(vertices_m: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    return (vertices_m + vertices_m[mirror] * [-1.0, 1.0, 1.0]) / 2


def _principal(rows: np.ndarray, components: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Leading right singular vectors (D, K) and values (K,) by a randomised range finder (Halko et al. 2011)."""
    sketch = rows.T @ rng.normal(size=(len(rows), components + 40)).astype(np.float32)
    for _ in range(3):
        sketch, _ = np.linalg.qr(sketch)
        sketch = rows.T @ (rows @ sketch)
    sketch, _ = np.linalg.qr(sketch)
    _, singular, small = np.linalg.svd(rows @ sketch, full_matrices=False)
    return (sketch @ small.T)[:, :components].astype(float), singular[:components].astype(float)


def _mixture(coordinates: np.ndarray, ict_share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One Gaussian a source: a mixture prior whose components are known, not guessed."""
    halves = np.split(coordinates, 2)
    means = np.stack([h.mean(axis=0) for h in halves])
    covariances = []
    for half in halves:
        covariance = np.cov(half.T)
        covariances.append(0.9 * covariance + 0.1 * np.eye(len(covariance)) * np.trace(covariance) / len(covariance))
    return np.array([ict_share, 1 - ict_share]), means, np.stack(covariances)


def _arkit_shapes(ict: IctFaceKit, carried: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """ICT's shapes under ARKit's names, in ARKit's order; the two sides of one ARKit shape are added."""
    order = (
        "eyeBlink eyeLookDown eyeLookIn eyeLookOut eyeLookUp eyeSquint eyeWide|jawForward jawLeft jawRight jawOpen "
        "mouthClose mouthFunnel mouthPucker mouthLeft mouthRight|mouthSmile mouthFrown mouthDimple mouthStretch|"
        "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper|mouthPress mouthLowerDown mouthUpperUp|browDown|"
        "browInnerUp|browOuterUp|cheekPuff|cheekSquint noseSneer"
    )
    by_name = dict(zip(ict.expression_names, carried, strict=True))
    shapes: dict[str, np.ndarray] = {}
    groups = [g.split() for g in order.split("|")]
    for stem in groups[0]:
        shapes[stem + "Left"] = by_name[stem + "_L"]
    for stem in groups[0]:
        shapes[stem + "Right"] = by_name[stem + "_R"]
    for stem in (s for group in groups[1:] for s in group):
        if stem in NOT_EXPORTED_ALONE:
            shapes[stem] = by_name[NOT_EXPORTED_ALONE[stem][0]] + by_name[NOT_EXPORTED_ALONE[stem][1]]
        elif stem in by_name:
            shapes[stem] = by_name[stem]
        else:
            shapes[stem + "Left"], shapes[stem + "Right"] = by_name[stem + "_L"], by_name[stem + "_R"]
    return tuple(shapes), np.stack(list(shapes.values()))


def _close_eyes(expression: np.ndarray, names: tuple[str, ...], mean_m: np.ndarray, ibug: np.ndarray) -> None:
    """Scale the blinks so that the lids' edges meet on the mean head (registration leaves a thin gap)."""
    for name, upper, lower in (("eyeBlinkLeft", (43, 44), (47, 46)), ("eyeBlinkRight", (37, 38), (41, 40))):
        shape = expression[names.index(name)]
        gap_m = (mean_m[ibug[list(upper)]] - mean_m[ibug[list(lower)]])[:, 1].mean()
        closed_m = -(shape[ibug[list(upper)]] - shape[ibug[list(lower)]])[:, 1].mean()
        shape *= np.clip((gap_m + LID_OVERLAP_M) / closed_m, 1.0, 1.35)


def _skinning(assembly: Assembly) -> np.ndarray:
    o = assembly.offsets
    weights = np.zeros((len(assembly.vertices_m), 4))
    weights[: o[1], :2] = assembly.template.joint_weights
    weights[o[1] : o[2], 2] = 1
    weights[o[2] : o[3], 3] = 1
    weights[o[3] :, 1] = 1
    inside = (assembly.parts == 1) | (assembly.parts == 2)
    weights[inside] = [0, 1, 0, 0]
    return weights


def _joints(assembly: Assembly, makehuman: MakeHuman, mean_m: np.ndarray, identity: np.ndarray) -> dict:
    base = makehuman.base
    mean_person = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    on_ict, o = assembly.on_ict, assembly.offsets
    places, moves = [], []
    for group, reach_m in (("joint-neck", 0.09), ("joint-head", 0.12)):
        members = np.unique(base.faces[base.face_groups == group])
        place = mean_person[members[members >= 0]].mean(axis=0)
        place_m = on_ict.scale * on_ict.rotation @ place + on_ict.translation_m
        place_m[0] = 0.0
        near = np.flatnonzero(np.linalg.norm(mean_m[: o[1]] - place_m, axis=1) < reach_m)
        places.append(place_m)
        moves.append(identity[:, near].mean(axis=1))
    for start, end in ((o[1], o[2]), (o[2], o[3])):
        low, high = mean_m[start:end].min(axis=0), mean_m[start:end].max(axis=0)
        places.append((low + high) / 2)
        moves.append(identity[:, start:end].mean(axis=1))
    return {"joints_mean_m": np.stack(places), "joints_identity_m": np.stack(moves, axis=1)}


def _landmark_sets(assembly: Assembly, ict: IctFaceKit, mean_m: np.ndarray) -> dict[str, LandmarkSet]:
    o, mirror = assembly.offsets, assembly.mirror
    on_ict_m, labels = assembly.vertices_m[: o[1]], assembly.template.labels
    outside = (labels == SKIN) | (labels >= UPPER_LIP)
    middle = mirror[: o[1]] == np.arange(o[1])
    points_m = ict.neutral_m[ict.landmarks68]
    regions = {SKIN: outside, UPPER_LIP: labels == UPPER_LIP, LOWER_LIP: labels == LOWER_LIP}

    def snap(points: np.ndarray, own_mirror: np.ndarray, upper_lip: set[int], lower_lip: set[int]) -> np.ndarray:
        chosen = np.empty(len(points), int)
        for i, point in enumerate(points):
            region = UPPER_LIP if i in upper_lip else LOWER_LIP if i in lower_lip else SKIN
            allowed = regions[region] & (middle if own_mirror[i] == i else True)
            chosen[i] = choice.nearest_skin_vertices(point[None], on_ict_m, allowed)[0]
        return choice.symmetric_choice(chosen, own_mirror, mirror)

    ibug_mirror = choice.ibug68_mirror()
    ibug = snap(points_m, ibug_mirror, {61, 62, 63}, {65, 66, 67})
    for left_landmark, vertex in assembly.template.landmarks.items():
        ibug[left_landmark] = vertex
    lower_brow = (points_m[22:26] + points_m[23:27]) / 2 - [0, 0.008, 0]
    left_brow = np.concatenate([points_m[22:27], lower_brow[::-1]])
    right_brow = np.concatenate([left_brow[4::-1], left_brow[:4:-1]]) * [-1, 1, 1]
    upper_lid = choice.along_curve(points_m[[42, 43, 44, 45]], 5)
    lower_lid = choice.along_curve(points_m[[45, 46, 47, 42]], 5)[1:4]
    left_eye = np.concatenate([upper_lid, lower_lid])
    right_eye = np.concatenate([left_eye[4::-1], left_eye[:4:-1]]) * [-1, 1, 1]
    pupils = np.stack([assembly.vertices_m[o[2]], assembly.vertices_m[o[1]]])
    wflw_points = np.concatenate(
        [
            _with_middles(points_m[:17]), right_brow, left_brow, points_m[27:31], points_m[31:36], right_eye,
            left_eye, points_m[48:55], points_m[55:60], points_m[60:65], points_m[65:68], pupils,
        ]
    )  # fmt: skip
    wflw_mirror = choice.wflw98_mirror()
    wflw = snap(wflw_points, wflw_mirror, {89, 90, 91}, {93, 94, 95})
    same = {64: 39, 68: 42, 60: 36, 72: 45} | {
        **{2 * i: i for i in range(17)}, **{33 + i: 17 + i for i in range(5)}, **{42 + i: 22 + i for i in range(5)},
        **{51 + i: 27 + i for i in range(9)},
        **{76 + i: 48 + i for i in range(7)}, **{83 + i: 55 + i for i in range(5)},
        **{88 + i: 60 + i for i in range(5)}, **{93 + i: 65 + i for i in range(3)},
    }  # fmt: skip
    for ours, theirs in same.items():
        wflw[ours] = ibug[theirs]
    wflw[96], wflw[97] = o[2], o[1]

    eyeball = unit_eyeball()
    iris = [o[1] + i for i in (eyeball.pupil, *eyeball.iris_ring[::3])]
    iris += [int(mirror[v]) for v in iris]
    middle_teeth = [o[3] + assembly.upper.edge_middles[i] for i in range(3, 11)]
    middle_teeth += [o[4] + assembly.lower.edge_middles[i] for i in range(3, 11)]
    must = np.array(list(dict.fromkeys([*ibug, *wflw, *iris, *map(int, middle_teeth)])))

    density = _landmark_density(mean_m, mean_m[ibug])
    skin = assembly.parts == 0
    normals = vertex_normals(mean_m, assembly.triangles)
    border = skin & (mean_m[:, 1] < mean_m[: o[1], 1].min() + 0.012)
    nostril = skin & (np.linalg.norm(mean_m - mean_m[ibug[33]], axis=1) < 0.016) & (normals[:, 2] < -0.2)
    allowed = skin & ~border & ~nostril
    growing = {"places": mean_m, "mirror": mirror, "density": density}
    small = choice.grow_symmetric(must, 320, allowed=allowed, **growing)
    large = choice.grow_symmetric(small, 703, allowed=allowed, **growing)
    all_face = np.flatnonzero(skin & (mean_m[:, 2] > mean_m[ibug[[0, 16]], 2].mean() - 0.01))
    full = np.array(list(dict.fromkeys([*large, *all_face, *mirror[all_face]])))
    return {
        "ibug68": LandmarkSet("ibug68", ibug.astype(np.int64), ibug_mirror),
        "wflw98": LandmarkSet("wflw98", wflw.astype(np.int64), wflw_mirror),
        "dense320": choice.as_set("dense320", small, mirror),
        "dense703": choice.as_set("dense703", large, mirror),
        "full_face": choice.as_set("full_face", full, mirror),
    }


def _with_middles(points: np.ndarray) -> np.ndarray:
    """Points and the middles between neighbours, in order."""
    result = np.empty((2 * len(points) - 1, points.shape[1]))
    result[::2], result[1::2] = points, (points[:-1] + points[1:]) / 2
    return result


def _landmark_density(mean_m: np.ndarray, ibug_m: np.ndarray) -> np.ndarray:
    """How much denser landmarks are at eyes, lips and nose than on cheeks, and sparser behind the ears."""

    def near(members: range, reach_m: float) -> np.ndarray:
        distance = np.linalg.norm(mean_m[:, None] - ibug_m[list(members)][None], axis=2).min(axis=1)
        return np.exp(-((distance / reach_m) ** 2))

    features = 2.2 * near(range(36, 48), 0.009) + 1.6 * near(range(48, 68), 0.009) + 1.0 * near(range(27, 36), 0.012)
    features += 0.8 * near(range(17, 27), 0.010) + 0.5 * near(range(0, 17), 0.012)
    ear = (np.abs(mean_m[:, 0]) > np.abs(ibug_m[[0, 16], 0]).mean() + 0.002) & (mean_m[:, 1] > ibug_m[57, 1])
    features += 2.5 * ear
    behind = np.clip((mean_m[:, 2] - 0.0) / 0.05, 0.0, 1.0)
    crown = np.clip(1 - (mean_m[:, 1] - ibug_m[17:27, 1].max() - 0.02) / 0.05, 0.3, 1.0)
    return (0.35 + 0.65 * np.minimum(behind, crown)) * (1 + features)


def metadata_text(metadata: dict) -> str:
    """The build's settings and figures as JSON, as kept in the head file."""
    return json.dumps(metadata, indent=1)
