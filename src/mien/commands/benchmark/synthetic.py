"""`mien benchmark synthetic`: landmarks on held-out synthetic faces, by yaw and size."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, progress_bar
from mien.commands.options import JsonOption, NetworkOption
from mien.progress import reported

if TYPE_CHECKING:
    from mien.evaluation.landmarks.identity_bands import BandFigures


@dataclass(frozen=True)
class SyntheticConfig:
    """Landmarks on synthetic faces that were not trained on.

    Error by yaw, by size of the face and by groups of people, whether σ is honest and larger where something
    is hidden, how well lids are followed, and how much of the person is shown, by band of the head's identity
    modes.
    """

    data: tuple[Path, ...]
    """Folders made with `mien synth`; their shards with a number below --held-out are used."""
    count: int = 400
    """Most faces to measure, evenly from all folders."""
    held_out: int = 1
    """Shards with a number below this were kept from training."""
    network: Flat[NetworkOption] = NetworkOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(SyntheticConfig, arguments, prog="mien benchmark synthetic")
    from mien.evaluation.landmarks.exact_faces import read_exact_faces
    from mien.evaluation.landmarks.synthetic_faces import SIZES_PX, YAW_EDGES_DEG, by_group, figures, measure
    from mien.evaluation.landmarks.synthetic_identity import measure_identity
    from mien.landmarks.landmarker import Landmarker

    landmarker = Landmarker(config.network.model)
    faces = read_exact_faces(config.data, most=config.count, held_out=config.held_out)
    by_size: dict[str, dict[str, float]] = {}
    by_yaw: dict[str, dict[str, float]] = {}
    groups: dict[str, tuple[int, float]] = {}
    for size_px in SIZES_PX:
        with progress_bar(f"faces of {size_px} px", quiet=config.output.json) as report:
            measured = measure(reported(faces, report), landmarker, size_px=size_px)
        by_size[f"{size_px} px"] = figures(measured)
        if size_px == max(SIZES_PX):
            groups = by_group(measured)
            for low, high in pairwise(YAW_EDGES_DEG):
                part = [face for face in measured if low <= abs(_degrees(face.yaw_rad)) < high]
                if part:
                    by_yaw[f"{low}–{high}°"] = figures(part)
    with progress_bar("who they are", quiet=config.output.json) as report:
        identity = measure_identity(reported(faces, report), landmarker)
    document: dict[str, Any] = {
        "benchmark": "synthetic",
        "model": config.network.model,
        "by_size": by_size,
        "by_yaw": by_yaw,
        "by_group": {name: {"faces": count, "nme": nme} for name, (count, nme) in groups.items()},
        "identity": {
            view: {"faces": count, **{band: asdict(each) for band, each in bands.items()}}
            for view, (count, bands) in identity.items()
        },
    }
    if config.output.json:
        return print_json(document)
    header = ("", "faces", "found", "tracked", "NME (box)", "in 1σ", "in 2σ", "σ hidden", "σ covered", "lids")
    for title, rows in (("by size of the face", by_size), ("by yaw, largest size", by_yaw)):
        cells = [_row(name, each) for name, each in rows.items()]
        print_table(header, cells, title=f"{config.network.model}, {title}")
    print(
        "NME: mean error of the 68 points over the face's size (root of its box). σ honest: 39 % and 86 %. "
        "σ hidden, covered: median σ (error) of points behind the head, behind things, over visible ones'. "
        "lids: error of the lid gap over the open gap (of closed eyes); slope of predicted on true."
    )
    if groups:
        print_table(
            ("people", "faces", "NME (box)"),
            [(name, str(count), f"{100 * nme:.2f} %") for name, (count, nme) in groups.items()],
            title=f"{config.network.model}, by skin (mean albedo), sex and age, up to 60° of yaw",
        )
    if identity:
        _print_identity(config.network.model, identity)
    return 0


def _print_identity(model: str, identity: dict[str, tuple[int, dict[str, BandFigures]]]) -> None:
    names = next(iter(identity.values()))[1]
    rows = [
        (
            view,
            str(count),
            *(
                f"{each.slope:.2f} / {each.explained:.2f} ({100 * each.share:.0f} %)"
                for each in bands.values()
            ),
        )
        for view, (count, bands) in identity.items()
    ]
    header = ("slope / explained", "faces", *(f"modes {name}" for name in names))
    print_table(header, rows, title=f"{model}, how much of the person is shown, by band of identity modes")
    print("displacement from the posed mean head in the picture; in brackets the band's share of it.")


def _row(name: str, each: dict[str, float]) -> tuple[str, ...]:
    lids = "–"
    if "lid_gap_error" in each:
        lids = (
            f"{100 * each['lid_gap_error']:.0f} % ({100 * each['lid_gap_error_closed']:.0f} %), "
            f"{each['lid_gap_slope']:.2f}"
        )
    return (
        name,
        str(each["faces"]),
        f"{100 * each['found']:.0f} %",
        f"{100 * each['tracked']:.0f} %",
        f"{100 * each['nme']:.2f} %",
        f"{100 * each['within_1_sigma']:.0f} %",
        f"{100 * each['within_2_sigma']:.0f} %",
        f"{each['sigma_behind_head_ratio']:.2f} ({each['error_behind_head_ratio']:.2f})",
        f"{each['sigma_behind_things_ratio']:.2f} ({each['error_behind_things_ratio']:.2f})",
        lids,
    )


def _degrees(angle_rad: float) -> float:
    return angle_rad * 57.29577951308232
