"""`mien head build`: learn the built-in head anew."""

from __future__ import annotations

from mien.commands.arguments import parse
from mien.commands.display import print_written, progress_bar
from mien.head_building.config import HeadBuildConfig


def run(arguments: list[str]) -> int:
    """Build a head and write it with its figures."""
    config = parse(HeadBuildConfig, arguments, prog="mien head build")
    from mien.head_building.build import build_head

    with progress_bar("building") as report:
        built = build_head(config, report=report)
    built.save(config.out)
    for name, value in built.metadata["figures"].items():
        print(f"{name:32} {value}")
    size_mb = config.out.stat().st_size / 1e6
    print_written([f"{config.out} ({size_mb:.1f} MB)"], next_step=f"mien head info --head {config.out}")
    return 0
