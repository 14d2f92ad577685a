"""`mien head info`: what a head holds."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table
from mien.commands.options import HeadOption, JsonOption


@dataclass(frozen=True)
class HeadInfoConfig:
    """Show what a head holds."""

    shown: Flat[HeadOption] = HeadOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Print a head's sizes, shape names, landmark sets, and how it was made."""
    config = parse(HeadInfoConfig, arguments, prog="mien head info")
    from mien.heads.action_units import ACTION_UNITS, SIDES
    from mien.heads.library import load_head, read_head_metadata
    from mien.heads.parameters import JOINT_NAMES

    head = load_head(config.shown.head)
    facts = {
        "name": head.name,
        "version": head.version,
        "vertices": head.vertex_count,
        "triangles": len(head.triangles),
        "identity components": head.identity_count,
        "expression shapes": list(head.expression_names),
        "action units": [
            f"{unit.label} {unit.name}"
            for unit in ACTION_UNITS
            if all(name in head.expression_names for side in SIDES for name in unit.of_side(side))
        ],
        "joints": list(JOINT_NAMES),
        "parts": list(head.part_names),
        "landmark sets": {name: len(s) for name, s in head.landmark_sets.items()},
        **read_head_metadata(config.shown.head),
    }
    if config.output.json:
        return print_json(facts)
    rows = []
    for key, value in facts.items():
        text = [f"{k} ({v})" for k, v in value.items()] if isinstance(value, dict) else value
        rows.append((key, ", ".join(text) if isinstance(text, list) else str(text)))
    print_table(("head", str(config.shown.head or "the built-in one")), rows)
    return 0
