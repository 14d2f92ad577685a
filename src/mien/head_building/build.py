"""`mien head build`: from samples of ICT-FaceKit and MakeHuman to the built-in head."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mien.head_building.arkit_shapes import arkit_shapes, close_eyes
from mien.head_building.assembly import PARTS, assemble, carry_from_ict
from mien.head_building.config import HeadBuildConfig
from mien.head_building.hidden_skin import clear_eyeballs
from mien.head_building.ict_facekit import read_ict_facekit
from mien.head_building.identity_statistics import identity_mixture, principal_components, symmetric
from mien.head_building.landmark_places import place_landmark_sets
from mien.head_building.makehuman import MakeHuman
from mien.head_building.part_labels import with_symmetric_parts
from mien.head_building.people import draw_people
from mien.head_building.rig import place_joints, skinning_weights
from mien.heads.model import Head
from mien.progress import Progress, ProgressReport, silent

HEAD_NAME, HEAD_VERSION = "mien-head", "1.2"
STAGES = 6


def build_head(config: HeadBuildConfig, *, report: ProgressReport = silent) -> tuple[Head, dict[str, Any]]:
    """Build the head and measure how well it reproduces people it was not learned from.

    Args:
        report: told which of the stages begins.

    Returns:
        the head, and plain data: its "figures" (millimetres on held-out heads of both sources) and "config".
    """
    rng = np.random.default_rng(config.seed)
    makehuman, ict = MakeHuman(config.assets / "makehuman"), read_ict_facekit(config.assets / "ict_facekit")
    report(Progress(0, STAGES, "laying our mesh onto the ICT-FaceKit neutral"))
    assembly = assemble(makehuman, ict)
    report(Progress(1, STAGES, "carrying over identities and expressions"))
    ict_identity = carry_from_ict(assembly, ict.identity_m, expression=False)
    ict_expression = carry_from_ict(assembly, ict.expression_m, expression=True)
    report(Progress(2, STAGES, f"drawing {config.people} people of each source"))
    ict_heads, makehuman_heads = draw_people(assembly, makehuman, ict_identity, count=config.people, rng=rng)

    report(Progress(3, STAGES, "learning identity"))
    count = config.people
    source_weight = [config.ict_share / count, (1 - config.ict_share) / count]
    row_weight = np.sqrt(np.repeat(source_weight, count))[:, None]
    everyone = np.concatenate([ict_heads, makehuman_heads]).reshape(2 * count, -1)
    del ict_heads, makehuman_heads
    mean = (everyone * row_weight**2).sum(axis=0)
    mean = symmetric(mean.reshape(-1, 3), assembly.mirror).ravel()
    rows = np.float32(row_weight) * (everyone - mean).astype(np.float32)
    basis, singular = principal_components(rows, config.components, rng)
    del rows
    identity = (basis.T * singular[:, None]).reshape(config.components, -1, 3).astype(float)
    coordinates = (everyone - mean) @ (basis / singular)
    mixture = identity_mixture(coordinates, config.ict_share)

    report(Progress(4, STAGES, "measuring on people it has not seen"))
    face = assembly.parts == 0
    figures: dict[str, float] = {"vertices": len(assembly.vertices_m), "triangles": len(assembly.triangles)}
    fresh = draw_people(assembly, makehuman, ict_identity, count=config.held_out, rng=rng)
    for name, heads in zip(("ict", "makehuman"), fresh, strict=True):
        flat = heads.reshape(len(heads), -1) - mean
        rebuilt = (flat @ basis) @ basis.T
        error_mm = 1000 * np.linalg.norm((flat - rebuilt).reshape(len(heads), -1, 3)[:, face], axis=2)
        mean_mm = 1000 * np.linalg.norm(flat.reshape(len(heads), -1, 3)[:, face], axis=2)
        figures[f"{name}_mean_error_mm"] = round(float(error_mm.mean()), 3)
        figures[f"{name}_95_percent_error_mm"] = round(float(np.percentile(error_mm, 95)), 3)
        figures[f"{name}_mean_head_error_mm"] = round(float(mean_mm.mean()), 3)

    report(Progress(5, STAGES, "placing landmarks and joints"))
    names, expression = arkit_shapes(ict, ict_expression)
    landmark_sets = place_landmark_sets(assembly, ict, mean.reshape(-1, 3))
    close_eyes(expression, names, mean.reshape(-1, 3), landmark_sets["ict68"].vertices)
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
        skinning_weights=skinning_weights(assembly),
        **place_joints(assembly, makehuman, mean.reshape(-1, 3), identity),
    )
    # After the landmark sets were placed: they do not depend on either.
    head = clear_eyeballs(with_symmetric_parts(head))
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(config).items() if k != "assets"}
    return head, {"figures": figures, "config": settings}


def metadata_text(metadata: dict[str, Any]) -> str:
    """The build's settings and figures as JSON, as kept in the head file."""
    return json.dumps(metadata, indent=1)
