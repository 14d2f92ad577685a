"""`mien head looks`: learn the albedo model anew."""

from __future__ import annotations

from mien.commands.arguments import parse
from mien.commands.display import print_written
from mien.head_building.config import AlbedoConfig


def run(arguments: list[str]) -> int:
    """Build the albedo model of a head and write it."""
    config = parse(AlbedoConfig, arguments, prog="mien head looks")

    import numpy as np

    from mien.errors import InputError
    from mien.head_building.albedo import build_albedo_model
    from mien.heads.library import load_head
    from mien.looks.albedo_model import save_albedo_model

    head = load_head(config.head)
    if config.makehuman_uv is None:
        corners = head.uv[head.uv_triangles]
    else:
        corners = np.load(config.makehuman_uv, allow_pickle=False)
        if corners.shape != (len(head.triangles), 3, 2):
            raise InputError(
                f"--makehuman-uv: expected ({len(head.triangles)}, 3, 2), got {corners.shape}",
                source=config.makehuman_uv,
            )
    model = build_albedo_model(head, config.assets / "makehuman" / "skins", makehuman_uv=corners)
    save_albedo_model(model, config.out)
    print_written(
        [f"{config.out} ({config.out.stat().st_size / 1e6:.1f} MB)"], next_step="mien fit photo.jpg"
    )
    return 0
