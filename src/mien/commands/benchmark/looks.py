"""`mien benchmark looks`: textured heads against the photos that they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import HeadOption, JsonOption, NetworkOption, SheetOption
from mien.commands.usage import UsageError
from mien.errors import InputError
from mien.progress import reported


@dataclass(frozen=True)
class LooksConfig:
    """PSNR inside the face of textured heads drawn from their photo's own view, with the light put back that
    was estimated from it; beside it what the person's colours alone give, and average skin."""

    photos: Positional[tuple[Path, ...]]
    """Photos, or folders of them; the best face of each is taken."""
    side: int = 1024
    """Side of the textures, pixels."""
    modelled: Flat[HeadOption] = HeadOption()
    network: Flat[NetworkOption] = NetworkOption()
    pictured: Flat[SheetOption] = SheetOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(LooksConfig, arguments, prog="mien benchmark looks")
    config.pictured.check()

    import numpy as np

    from mien.evaluation.looks.own_view import measure
    from mien.fitting.context import Context
    from mien.heads.library import load_head
    from mien.images.writing import write_image
    from mien.landmarks.landmarker import Landmarker

    paths = _photos(config.photos)
    context = Context(head=load_head(config.modelled.head), landmarker=Landmarker(config.network.model))
    with progress_bar("photos", quiet=config.output.json) as report:
        measured = [
            (path, measure(path, context=context, size_px=config.side)) for path in reported(paths, report)
        ]
    views = [view for _, view in measured if view is not None]
    lost = [path.name for path, view in measured if view is None]
    if not views:
        raise InputError("no face was found in any of the photos")
    if config.pictured.sheet is not None:
        width = max(view.row.shape[1] for view in views)
        rows = [np.pad(view.row, ((0, 6), (0, width - view.row.shape[1]), (0, 0))) for view in views]
        write_image(config.pictured.sheet, np.concatenate(rows))
    columns = ("photo", "face (px)", "photo's texture (dB)", "albedo only (dB)", "average skin (dB)")
    figures = np.array([(v.psnr_db, v.albedo_psnr_db, v.usual_psnr_db) for v in views])
    if config.output.json:
        faces = [
            {
                "name": view.name,
                "face_px": view.face_px,
                "psnr_db": view.psnr_db,
                "albedo_psnr_db": view.albedo_psnr_db,
                "usual_psnr_db": view.usual_psnr_db,
            }
            for view in views
        ]
        return print_json({"benchmark": "looks", "faces": faces, "not_found": lost})
    rows = [
        (view.name, f"{view.face_px:.0f}", *(f"{value:.1f}" for value in values))
        for view, values in zip(views, figures, strict=True)
    ]
    for name, values in (("mean", figures.mean(axis=0)), ("worst", figures.min(axis=0))):
        rows.append((name, "", *(f"{value:.1f}" for value in values)))
    print_table(columns, rows, title="PSNR inside the face, own view")
    if lost:
        print(f"no face found: {', '.join(lost)}")
    if config.pictured.sheet is not None:
        print_written(
            [config.pictured.sheet], next_step="look at it: photo, own view, turned by 60 and 30 degrees"
        )
    return 0


def _photos(given: tuple[Path, ...]) -> list[Path]:
    paths = []
    for path in given:
        inside = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        paths += [each for each in inside if each.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]
    if not paths:
        raise UsageError("name photos, or folders that hold some: mien benchmark looks photo.jpg")
    return paths
