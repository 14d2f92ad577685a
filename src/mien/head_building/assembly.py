"""All parts of the head on one mesh, and the ways by which people and expressions come onto it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.close_to_skin import CloseToSkin
from mien.head_building.dentition import Dentition, build_dentition
from mien.head_building.eyeballs import RADIUS_M, EyesMesh, build_eyes
from mien.head_building.ict_facekit import TOOTH_RANGES, VERTEX_RANGES, IctFaceKit
from mien.head_building.jaw import AffineMotion
from mien.head_building.lids import Lids, build_lids
from mien.head_building.lips import Lips, build_lips
from mien.head_building.makehuman import METRES_PER_UNIT, ArkitTargets, MakeHuman
from mien.head_building.mouth_bag import MouthBag, build_mouth_bag
from mien.head_building.onto_ict import SkinOnIct, lay_skin_on_ict
from mien.head_building.part_mesh import PartMesh, joined, part_index
from mien.head_building.quad_skin import (
    LEFT_SOCKET,
    MEAN_PERSON,
    MOUTH_INTERIOR,
    RIGHT_SOCKET,
    QuadSkin,
    build_quad_skin,
)
from mien.head_building.tongue import build_tongue

EYE_FORWARD_M = 0.0003
"""How much farther forward our eyeballs' white reaches than ICT-FaceKit's larger one."""
TONGUE_BEHIND_TEETH_M, TONGUE_BELOW_TEETH_M = 0.0065, 0.0005
"""How far behind the front of the lower teeth, and below their highest edge, a tongue at rest ends."""
UPPER_TEETH_FOLLOW, LOWER_TEETH_FOLLOW = 0.4, 0.8
"""Of what the skin before the lower gum lies farther forward or back than a source's teeth: gums must not
show through chins that recede."""
GUM_NEAR_M, GUM_FAR_M = 0.004, 0.008
FLIP = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Person:
    """One person at rest, as the sources tell of them.

    Attributes:
        skin_m: (S, 3) where the skin's vertices lie, lids and lips not yet brought together.
        eye_centres_m: (2, 3) of the left and the right eyeball.
        teeth: displacement of upper and lower teeth from the ICT neutral's.
    """

    skin_m: np.ndarray
    eye_centres_m: np.ndarray
    teeth: AffineMotion


@dataclass(frozen=True, eq=False)
class Assembly:
    """The head's mesh and what belongs to its making.

    Attributes:
        skin: the skin's topology; on_ict: how it lies on the ICT neutral.
        lids: of the left and the right eye; lips; mouth: its inside.
        eyes: both eyeballs about their own centres; dentition: teeth and gums.
        tongue_out_m: (T, 3) displacement of the tongue that comes out of the mouth.
        tongue_looseness: (T,) how much of the jaw's motion each of its vertices makes: its root stays.
        gum_beside: which places of the skin lie before the lower gum.
        mesh: all parts; its vertices are the ICT neutral's, metres.
        starts: the vertices of skin, eyes, teeth, tongue.
        eye_centres_m: (2, 3) on the ICT neutral.
    """

    skin: QuadSkin
    on_ict: SkinOnIct
    lids: tuple[Lids, Lids]
    lips: Lips
    mouth: MouthBag
    eyes: EyesMesh
    dentition: Dentition
    tongue_out_m: np.ndarray
    tongue_looseness: np.ndarray
    gum_beside: CloseToSkin
    mesh: PartMesh
    starts: dict[str, slice]
    eye_centres_m: np.ndarray

    def vertices_m(self, person: Person) -> tuple[np.ndarray, np.ndarray]:
        """A person's whole head at rest, (V, 3), and the eyeballs' centres, (2, 3)."""
        centres_m = np.stack(
            [
                lids.settled(person.skin_m, centre_m)
                for lids, centre_m in zip(self.lids, person.eye_centres_m, strict=True)
            ]
        )
        skin_m = person.skin_m
        for lids, centre_m in zip(self.lids, centres_m, strict=True):
            skin_m = lids.seated(skin_m, centre_m)
        reference_m = self.on_ict.registration.vertices_m
        skin_m = self.mouth.beside_skin(self.lips.together(skin_m), reference_m)
        upper, lower = self._behind_lips(person.teeth, skin_m - reference_m)
        return self.with_parts(skin_m, centres_m, upper, lower), centres_m

    def _behind_lips(self, teeth: AffineMotion, skin_m: np.ndarray) -> tuple[AffineMotion, AffineMotion]:
        """Motion of upper and lower teeth that keep their distance from the skin before the lower gum.

        Args:
            teeth: where the source has them; skin_m: (S, 3) displacement of the skin.
        """
        close = self.gum_beside.closeness
        places_m = self.gum_beside.skin_at(self.on_ict.registration.vertices_m)
        away_m = (self.gum_beside.skin_at(skin_m) - teeth.at(places_m))[:, 2]
        forward_m = np.array([0.0, 0.0, close @ away_m / close.sum()])
        return (
            AffineMotion(teeth.matrix, teeth.offset_m + UPPER_TEETH_FOLLOW * forward_m),
            AffineMotion(teeth.matrix, teeth.offset_m + LOWER_TEETH_FOLLOW * forward_m),
        )

    def with_parts(
        self, skin_m: np.ndarray, centres_m: np.ndarray, upper: AffineMotion, lower: AffineMotion
    ) -> np.ndarray:
        """(V, 3) the whole head around a finished skin.

        Args:
            centres_m: (2, 3) of the eyeballs.
            upper, lower: displacement of the teeth from the ICT neutral's.
        """
        result = self.mesh.vertices.copy()
        result[self.starts["skin"]] = skin_m
        of_eye = np.where(self.eyes.side > 0, 0, 1)
        result[self.starts["eyes"]] = self.eyes.mesh.vertices + centres_m[of_eye]
        teeth_m = self.mesh.vertices[self.starts["teeth"]]
        below = self.dentition.lower
        result[self.starts["teeth"]][below] += lower.at(teeth_m[below])
        result[self.starts["teeth"]][~below] += upper.at(teeth_m[~below])
        result[self.starts["tongue"]] += lower.at(self.mesh.vertices[self.starts["tongue"]])
        return result

    def expressed(self, mean_m: np.ndarray, skin_m: np.ndarray, jaw: AffineMotion) -> np.ndarray:
        """(V, 3) the mean head with a skin that makes a face, and what hangs from it.

        Args:
            mean_m: (V, 3) at rest; skin_m: (S, 3); jaw: displacement of the lower teeth.
        """
        result = mean_m.copy()
        result[self.starts["skin"]] = skin_m
        teeth = np.arange(len(mean_m))[self.starts["teeth"]][self.dentition.lower]
        result[teeth] += jaw.at(mean_m[teeth])
        tongue_m = mean_m[self.starts["tongue"]]
        result[self.starts["tongue"]] += self.tongue_looseness[:, None] * jaw.at(tongue_m)
        return result

    def turned(self, vertices_m: np.ndarray, eye: int, centre_m: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """(V, 3) with one eyeball (0 left, 1 right) turned about its centre by a rotation vector."""
        members = np.arange(len(vertices_m))[self.starts["eyes"]][self.eyes.side == (1, -1)[eye]]
        result = vertices_m.copy()
        rotation = matrix_from_rotation_vector(turn)
        result[members] = centre_m + (vertices_m[members] - centre_m) @ rotation.T
        return result


def assemble(makehuman: MakeHuman, arkit: ArkitTargets, ict: IctFaceKit) -> Assembly:
    """Every part on the ICT neutral."""
    skin = build_quad_skin(makehuman)
    on_ict = lay_skin_on_ict(skin, ict)
    on_ict_m = on_ict.registration.vertices_m
    centre_m, radius_m = _ict_eye(ict.neutral_m, "left")
    centre_m = centre_m + [0, 0, radius_m - RADIUS_M + EYE_FORWARD_M]
    centres_m = np.stack([centre_m, centre_m * FLIP])
    lids, lips, eyes = build_lids(skin, on_ict_m, centre_m), build_lips(skin, on_ict_m), build_eyes()
    skin_mesh = _skin_mesh(skin, on_ict_m)
    dentition = build_dentition()
    teeth_m = dentition.placed(np.zeros(3))
    behind_m = (_ict_incisor_edge(ict) - teeth_m[dentition.upper_edges[6:8]].mean(axis=0)) * [0, 1, 1]
    pieces = {
        "skin": skin_mesh,
        "eyes": replace(eyes.mesh, vertices=eyes.placed(centre_m)),
        "teeth": replace(dentition.mesh, vertices=teeth_m + behind_m),
    }
    lower_m = pieces["teeth"].vertices[dentition.lower]
    gum = dentition.mesh.parts == part_index("lower_gums")
    gum_beside = CloseToSkin.of(
        pieces["teeth"].vertices[gum], skin, on_ict_m, near_m=GUM_NEAR_M, far_m=GUM_FAR_M
    )
    pieces["tongue"], tongue_out_m = _tongue(makehuman, arkit, on_ict, lower_m)
    tongue_z = pieces["tongue"].vertices[:, 2]
    looseness = 0.35 + 0.65 * (tongue_z - tongue_z.min()) / np.ptp(tongue_z)
    ends = np.cumsum([0, *(len(piece.vertices) for piece in pieces.values())]).tolist()
    return Assembly(
        skin=skin,
        on_ict=on_ict,
        lids=lids,
        lips=lips,
        mouth=build_mouth_bag(skin, on_ict_m),
        eyes=eyes,
        dentition=dentition,
        tongue_out_m=tongue_out_m,
        tongue_looseness=looseness,
        gum_beside=gum_beside,
        mesh=joined(list(pieces.values())),
        starts={name: slice(ends[i], ends[i + 1]) for i, name in enumerate(pieces)},
        eye_centres_m=centres_m,
    )


def _skin_mesh(skin: QuadSkin, vertices_m: np.ndarray) -> PartMesh:
    parts = np.full(len(skin.vertices), part_index("skin"))
    parts[skin.labels == MOUTH_INTERIOR] = part_index("mouth_interior")
    parts[(skin.labels == LEFT_SOCKET) | (skin.labels == RIGHT_SOCKET)] = part_index("eye_sockets")
    return PartMesh(
        vertices=vertices_m,
        quads=skin.quads,
        uv=skin.makehuman_uv.reshape(-1, 2),
        uv_quads=np.arange(4 * len(skin.quads)).reshape(-1, 4),
        parts=parts,
        mirror=skin.mirror,
    )


def _ict_eye(vertices_m: np.ndarray, side: str) -> tuple[np.ndarray, float]:
    """Centre and radius of an eyeball's white, a sphere: ‖v‖² = 2 c·v + (r² − ‖c‖²)."""
    first, _ = VERTEX_RANGES[f"{side}_eyeball"]
    white = vertices_m[first : first + 770]
    design = np.column_stack([2 * white, np.ones(len(white))])
    solution = np.linalg.lstsq(design, (white**2).sum(axis=1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def _tongue(
    makehuman: MakeHuman, arkit: ArkitTargets, on_ict: SkinOnIct, lower_teeth_m: np.ndarray
) -> tuple[PartMesh, np.ndarray]:
    """MakeHuman's tongue between our lower teeth, and how it comes out."""
    mean = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
    base = makehuman.base
    tongue = build_tongue(base, makehuman.proxy("tongue/tongue01/tongue01.mhclo"), mean)

    def to_metres(places: np.ndarray) -> np.ndarray:
        return on_ict.scale * places @ on_ict.rotation.T + on_ict.translation_m

    row = np.unique(base.faces[base.face_groups == "helper-lower-teeth"])
    row_m = to_metres(mean[row[row >= 0]])
    own_m = to_metres(tongue.mesh.vertices / METRES_PER_UNIT)
    scale = np.ptp(lower_teeth_m[:, 0]) / np.ptp(row_m[:, 0])
    front, own_front = lower_teeth_m[:, 2].max() - TONGUE_BEHIND_TEETH_M, own_m[:, 2].max()
    top, own_top = lower_teeth_m[:, 1].max() - TONGUE_BELOW_TEETH_M, own_m[:, 1].max()
    anchor = np.array([0.0, own_top, own_front])
    placed_m = scale * (own_m - anchor) + [0.0, top, front]
    out_m = scale * on_ict.scale * arkit.displacement("tongueOut")[tongue.base_vertices] @ on_ict.rotation.T
    flip = out_m[tongue.mesh.mirror] * FLIP
    return replace(tongue.mesh, vertices=placed_m), (out_m + flip) / 2


def _ict_incisor_edge(ict: IctFaceKit) -> np.ndarray:
    """(3,) middle between the biting edges of the upper central incisors."""
    edges_m = []
    for first, last in TOOTH_RANGES[0][7:9]:
        tooth_m = ict.neutral_m[first:last]
        edges_m.append(tooth_m[tooth_m[:, 1].argmin()])
    return np.mean(edges_m, axis=0)


class IctPeople:
    """ICT-FaceKit's identities and expressions on our mesh."""

    def __init__(self, assembly: Assembly, ict: IctFaceKit) -> None:
        self._assembly, self._ict = assembly, ict
        self._skin_m = assembly.on_ict.registration.carry(ict.identity_m)
        self._eyes_m = []
        for side in ("left", "right"):
            first, last = VERTEX_RANGES[f"{side}_eyeball"]
            self._eyes_m.append(ict.identity_m[:, first : first + 770])
        first, last = VERTEX_RANGES["teeth"]
        self._teeth = AffineMotion.of(ict.neutral_m[first:last], ict.identity_m[:, first:last])

    @property
    def count(self) -> int:
        """How many identity weights a person has."""
        return len(self._skin_m)

    def person(self, weights: np.ndarray) -> Person:
        """The person of (100,) standard normal weights."""
        assembly, ict = self._assembly, self._ict
        centres_m = []
        for side, moves_m, place_m in zip(
            ("left", "right"), self._eyes_m, assembly.eye_centres_m, strict=True
        ):
            first, _ = VERTEX_RANGES[f"{side}_eyeball"]
            shift_m = np.tensordot(weights, moves_m, axes=1)
            front = np.argsort(-ict.neutral_m[first : first + 770, 2])[:80]
            sideways = shift_m.mean(axis=0)
            centres_m.append(place_m + [sideways[0], sideways[1], shift_m[front, 2].mean()])
        teeth = AffineMotion(
            np.tensordot(weights, self._teeth.matrix, axes=1),
            np.tensordot(weights, self._teeth.offset_m, axes=1),
        )
        skin_m = assembly.on_ict.registration.vertices_m + np.tensordot(weights, self._skin_m, axes=1)
        return Person(skin_m, np.stack(centres_m), teeth)


class MakeHumanPeople:
    """MakeHuman's people on our mesh."""

    def __init__(self, assembly: Assembly, makehuman: MakeHuman) -> None:
        self._assembly = assembly
        self._mean = makehuman.base_vertices(makehuman.macro_weights(**MEAN_PERSON))
        base = makehuman.base

        def members(*groups: str) -> np.ndarray:
            vertices = np.unique(base.faces[np.isin(base.face_groups, groups)])
            return vertices[vertices >= 0]

        self._eyes = [members("helper-l-eye"), members("helper-r-eye")]
        self._teeth = members("helper-upper-teeth", "helper-lower-teeth")

    def to_metres(self, displacement: np.ndarray) -> np.ndarray:
        """Displacement of the base mesh's vertices, decimetres, as one on the ICT neutral, metres."""
        on_ict = self._assembly.on_ict
        return on_ict.scale * displacement @ on_ict.rotation.T

    def person(self, displacement: np.ndarray) -> Person:
        """The person whose base mesh is displaced by (B, 3) from the mean one, decimetres."""
        assembly = self._assembly
        skin_m = assembly.on_ict.registration.vertices_m + self.to_metres(
            assembly.skin.from_base @ displacement
        )
        centres_m = []
        for members, place_m in zip(self._eyes, assembly.eye_centres_m, strict=True):
            front = members[self._mean[members, 2] > np.median(self._mean[members, 2])]
            sideways = self.to_metres(displacement[members]).mean(axis=0)
            forward = self.to_metres(displacement[front]).mean(axis=0)[2]
            centres_m.append(place_m + [sideways[0], sideways[1], forward])
        on_ict = assembly.on_ict
        places_m = on_ict.scale * self._mean[self._teeth] @ on_ict.rotation.T + on_ict.translation_m
        teeth = AffineMotion.similar(places_m, self.to_metres(displacement[self._teeth]))
        return Person(skin_m, np.stack(centres_m), teeth)


def ict_jaw(ict: IctFaceKit) -> AffineMotion:
    """(E,) motions of the lower teeth with ICT-FaceKit's expressions."""
    first, last = TOOTH_RANGES[1][0][0], TOOTH_RANGES[1][-1][1]
    return AffineMotion.of(ict.neutral_m[first:last], ict.expression_m[:, first:last])
