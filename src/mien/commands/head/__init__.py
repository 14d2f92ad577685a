"""`mien head`: look at a head file, convert somebody else's, build the built-in head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import dispatch, parse
from mien.commands.display import print_json, print_table, progress_bar


def run(arguments: list[str]) -> int:
    """Dispatch `mien head info|convert|build`."""
    return dispatch(
        arguments,
        prog="mien head",
        description="Look at heads, convert other people's and build the built-in one.",
        sub_verbs={
            "info": ("show what a head holds: sizes, shapes, landmark sets", "mien.commands.head:run_info"),
            "convert": (
                "give FLAME, ICT-FaceKit, BFM or FaceScape the dense landmarks and save it as a head file",
                "mien.commands.head.convert:run",
            ),
            "build": (
                "learn the built-in head from ICT-FaceKit and MakeHuman",
                "mien.commands.head:run_build",
            ),
        },
    )


@dataclass(frozen=True)
class HeadInfoConfig:
    """Show what a head holds."""

    head: Path | None = None
    """A head file; the built-in head when left out."""
    json: bool = False
    """Print JSON for machines."""


def run_info(arguments: list[str]) -> int:
    """Print a head's sizes, shape names, landmark sets, and how it was made."""
    config = parse(HeadInfoConfig, arguments, prog="mien head info")
    from mien.heads.library import load_head, read_head_metadata
    from mien.heads.parameters import JOINT_NAMES

    head = load_head(config.head)
    facts = {
        "name": head.name,
        "version": head.version,
        "vertices": head.vertex_count,
        "triangles": len(head.triangles),
        "identity components": head.identity_count,
        "expression shapes": list(head.expression_names),
        "joints": list(JOINT_NAMES),
        "parts": list(head.part_names),
        "landmark sets": {name: len(s) for name, s in head.landmark_sets.items()},
        **read_head_metadata(config.head),
    }
    if config.json:
        return print_json(facts)
    rows = []
    for key, value in facts.items():
        text = [f"{k} ({v})" for k, v in value.items()] if isinstance(value, dict) else value
        rows.append((key, ", ".join(text) if isinstance(text, list) else str(text)))
    print_table(("head", str(config.head or "the built-in one")), rows)
    return 0


def run_build(arguments: list[str]) -> int:
    """Build a head and write it with its figures."""
    from mien.head_building.build import HeadBuildConfig, build_head, metadata_text

    config = parse(HeadBuildConfig, arguments, prog="mien head build")
    from mien.heads.library import save_head

    with progress_bar("building") as report:
        head, metadata = build_head(config, report=report)
    save_head(head, config.out, head_metadata=metadata_text(metadata))
    for name, value in metadata["figures"].items():
        print(f"{name:32} {value}")
    size_mb = config.out.stat().st_size / 1e6
    print(f"head written to {config.out} ({size_mb:.1f} MB); see mien head info --head {config.out}")
    return 0
