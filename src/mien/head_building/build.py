"""`mien head build`: from samples of ICT-FaceKit and MakeHuman to the built-in head."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.head_building.arkit_shapes import carried_shapes, finished_shapes
from mien.head_building.assembly import IctPeople, MakeHumanPeople, assemble
from mien.head_building.blinks import personal_blinks
from mien.head_building.cards import with_cards
from mien.head_building.config import HeadBuildConfig
from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.identity_statistics import IdentityStatistics
from mien.head_building.landmark_places import place_landmark_sets
from mien.head_building.makehuman import ArkitTargets, MakeHuman, triangulated
from mien.head_building.people import Heads, draw_heads, random_ict_people, random_makehuman_people
from mien.head_building.rig import place_joints, skinning_weights
from mien.head_building.skin_texture_layout import atlas_uv
from mien.head_building.version1 import conversion_from_version1, version1_places
from mien.heads.library import save_head
from mien.heads.model import Head
from mien.heads.parts import PARTS
from mien.heads.version1 import Version1Conversion
from mien.progress import Progress, ProgressReport, silent

HEAD_NAME, HEAD_VERSION = "mien-head", "2.1"
STAGES = 7


@dataclass(frozen=True, eq=False)
class BuiltHead:
    """What a build makes.

    Attributes:
        head: the head; from_version1: how identities of version 1 go over to it.
        metadata: plain data: "figures" (millimetres on held-out heads of both sources) and "config".
    """

    head: Head
    from_version1: Version1Conversion
    metadata: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the head's file."""
        text = json.dumps(self.metadata, indent=1)
        save_head(self.head, path, head_metadata=text, from_version1=self.from_version1)


def build_head(config: HeadBuildConfig, *, report: ProgressReport = silent) -> BuiltHead:
    """Build the head and measure how well it reproduces people it was not learned from.

    Args:
        report: told which of the stages begins.
    """
    rng = np.random.default_rng(config.seed)
    makehuman = MakeHuman(config.assets / "makehuman")
    arkit = ArkitTargets(config.assets / "makehuman_arkit")
    ict = read_ict_facekit(config.assets / "ict_facekit")
    report(Progress(0, STAGES, "laying our mesh onto the ICT-FaceKit neutral"))
    assembly = assemble(makehuman, arkit, ict)
    ict_people, makehuman_people = IctPeople(assembly, ict), MakeHumanPeople(assembly, makehuman)

    def drawn(count: int) -> tuple[Heads, Heads]:
        return (
            draw_heads(assembly, random_ict_people(ict_people, count=count, rng=rng), count=count),
            draw_heads(
                assembly,
                random_makehuman_people(makehuman_people, makehuman, count=count, rng=rng),
                count=count,
            ),
        )

    report(Progress(1, STAGES, f"drawing {config.people} people of each source"))
    people = drawn(config.people)
    report(Progress(2, STAGES, "learning identity"))
    skin = np.flatnonzero(assembly.mesh.parts == 0)
    statistics = IdentityStatistics.of(
        people,
        mirror=assembly.mesh.mirror,
        decided_by=skin,
        components=config.components,
        ict_share=config.ict_share,
        rng=rng,
    )
    del people
    report(Progress(3, STAGES, "measuring on people it has not seen"))
    figures: dict[str, float] = {}
    for name, heads in zip(("ict", "makehuman"), drawn(config.held_out), strict=True):
        figures |= statistics.errors_mm(heads, skin, name)

    report(Progress(4, STAGES, "finishing expressions"))
    shapes = carried_shapes(assembly, ict)
    mean_m, centres_m = statistics.mean_m, statistics.centres_m
    names, expression_m = finished_shapes(assembly, shapes, mean_m, centres_m)
    blinks = personal_blinks(
        assembly,
        shapes,
        names,
        mean_m=mean_m,
        identity_m=statistics.identity_m,
        centres_m=centres_m,
        centres_identity_m=statistics.centres_identity_m,
        rng=rng,
    )
    report(Progress(5, STAGES, "laying out the texture"))
    uv, uv_quads = atlas_uv(assembly, mean_m)
    report(Progress(6, STAGES, "placing joints, brows, lashes and landmarks"))
    joints_m, joints_identity_m = place_joints(assembly, makehuman, mean_m, statistics.identity_m)
    bare = Head(
        name=HEAD_NAME,
        version=HEAD_VERSION,
        mean_m=mean_m,
        triangles=triangulated(assembly.mesh.quads),
        identity_basis_m=statistics.identity_m,
        expression_basis_m=expression_m,
        expression_names=names,
        part_names=PARTS,
        vertex_parts=assembly.mesh.parts,
        uv=uv,
        uv_triangles=triangulated(uv_quads),
        mirror_vertices=assembly.mesh.mirror,
        landmark_sets={},
        identity_mixture=statistics.mixture,
        skinning_weights=skinning_weights(assembly),
        joints_mean_m=np.concatenate([joints_m, centres_m]),
        joints_identity_m=np.concatenate([joints_identity_m, statistics.centres_identity_m], axis=1),
        personal_shapes=blinks,
        quads=assembly.mesh.quads,
        uv_quads=uv_quads,
    )
    carded = with_cards(bare, assembly)
    places = version1_places(assembly)
    head = replace(carded.head, landmark_sets=place_landmark_sets(assembly, carded, places))
    conversion, left_mm = conversion_from_version1(head, places)
    figures["version1_conversion_error_mm"] = round(left_mm, 3)
    figures = {"vertices": head.vertex_count, "quads": len(head.quads), **figures}
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(config).items() if k != "assets"}
    return BuiltHead(head, conversion, {"figures": figures, "config": settings})
