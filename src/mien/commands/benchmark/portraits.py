"""`mien benchmark portraits`: how much of a person landmarks show, on portraits with hand-placed points."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import FaceMeshOption, JsonOption, NetworksOption, SheetOption

if TYPE_CHECKING:
    from mien.evaluation.landmarks.portrait_distances import DistanceSeries
    from mien.evaluation.landmarks.portrait_pictures import FoundPoints, PortraitResult, Portraits
    from mien.evaluation.landmarks.portraits import PersonShown, PortraitFigures


@dataclass(frozen=True)
class PortraitsConfig:
    """Error on portraits, and how much of what tells people apart is shown: slope and explained variance.

    By part of the face and by gender. A similarity and the mean face are taken out of hand-placed and found
    points; what is left of both is compared. An average face has slope 0 and explains 0. Where the folder has
    distance/, one person seen from several distances is fitted too.
    """

    data: Path
    """Folder with points189.csv, people.csv, images/ and perhaps distance/."""
    points: tuple[Path, ...] = ()
    """Points that something else found, to measure beside: .npz files with (68, 2), (468, 2) or (478, 2)
    pixels by the name of each picture."""
    networks: Flat[NetworksOption] = NetworksOption(("realtime", "offline"))
    peer: Flat[FaceMeshOption] = FaceMeshOption()
    pictured: Flat[SheetOption] = SheetOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(PortraitsConfig, arguments, prog="mien benchmark portraits")
    config.pictured.check()
    from mien.evaluation.landmarks.portrait_pictures import measure, read_portraits

    portraits = read_portraits(config.data)
    found = _found(config, portraits)
    results = {name: measure(portraits, points) for name, points in found.items()}
    distances = _distances(config)
    if config.pictured.sheet is not None and found:
        from mien.evaluation.landmarks.portrait_sheet import draw_portraits
        from mien.images.writing import write_image

        write_image(config.pictured.sheet, draw_portraits(portraits, next(iter(found.values()))))
    if config.output.json:
        return print_json(_document(results, distances))
    _print_figures(results)
    _print_parts(results)
    if distances:
        _print_distances(distances)
    if config.pictured.sheet is not None:
        print_written(
            [config.pictured.sheet], next_step="look at it (blue: all, green: measured, red: hand-placed)"
        )
    return 0


def _found(config: PortraitsConfig, portraits: Portraits) -> dict[str, FoundPoints]:
    """By name what each network, file and peer finds."""
    from mien.evaluation.landmarks.face_mesh import face_mesh_points
    from mien.evaluation.landmarks.portrait_pictures import find_points, found_points, read_points
    from mien.landmarks.landmarker import Landmarker

    found = {}
    for model in config.networks.models:
        with progress_bar(model, quiet=config.output.json) as report:
            found[model] = find_points(portraits, Landmarker(model), report=report)
    for path in config.points:
        found[path.stem] = read_points(portraits, path)
    if config.peer.face_mesh is not None:
        for refined, name in ((False, "Face Mesh"), (True, "Face Mesh, refined")):
            points_px = face_mesh_points(config.peer.face_mesh, portraits.pictures, refined=refined)
            if points_px:
                found[name] = found_points(portraits, points_px)
    return found


def _distances(config: PortraitsConfig) -> dict[str, DistanceSeries]:
    folder = config.data / "distance"
    if not folder.is_dir():
        return {}
    from mien.evaluation.landmarks.portrait_distances import measure_distances
    from mien.fitting.context import Context
    from mien.landmarks.landmarker import Landmarker

    return {
        model: measure_distances(folder, context=Context(landmarker=Landmarker(model)))
        for model in config.networks.models
    }


def _document(results: dict[str, PortraitResult], distances: dict[str, DistanceSeries]) -> dict[str, Any]:
    return {
        "benchmark": "portraits",
        "format_version": 1,
        "results": {name: asdict(result) for name, result in results.items()},
        "distances": {
            name: {
                **asdict(series),
                "in_order": series.in_order,
                "farthest_over_nearest": series.farthest_over_nearest,
            }
            for name, series in distances.items()
        },
    }


def _print_figures(results: dict[str, PortraitResult]) -> None:
    """A line for each network and, beneath, for those of its landmarks that show people best."""
    if not results:
        return
    genders = sorted({name for result in results.values() for name in result.figures.groups})

    def row(name: str, figures: PortraitFigures, irises: str) -> tuple[str, ...]:
        groups = [figures.groups[name] for name in genders]
        return (
            name,
            str(figures.people),
            _percent(figures.nme),
            f"{figures.person.slope:.2f}",
            f"{figures.person.explained:.2f}",
            irises,
            *(f"{_percent(group.nme)}, {_shown(group.person)}" for group in groups),
        )

    first = next(iter(results.values())).figures
    mean_face = [_percent(first.groups[name].nme_mean_face) for name in genders]
    rows: list[tuple[str, ...]] = [("mean face", "", _percent(first.nme_mean_face), "0", "0", "", *mean_face)]
    for name, result in results.items():
        rows.append(row(name, result.figures, _percent(result.iris_error)))
        if result.figures_chosen is not None:
            rows.append(row("  its best landmarks", result.figures_chosen, ""))
    print_table(
        ("", "people", "NME", "slope", "explained", "irises", *genders),
        rows,
        title="Portraits: error over the distance of the outer eye corners; how much of the person is shown",
    )
    print(
        "by gender: NME, slope / explained. its best landmarks: those that show the other half of the people "
        "best, in place of the documented ones."
    )


def _print_parts(results: dict[str, PortraitResult]) -> None:
    from mien.evaluation.landmarks.portrait_points import PARTS

    if not results:
        return
    shares = next(iter(results.values())).figures.variance_parts
    header = ("slope / explained (NME)", *(f"{part} ({100 * shares[part]:.0f} %)" for part in PARTS))
    rows = [
        (
            name,
            *(
                f"{_shown(result.figures.person_parts[part])} ({_percent(result.figures.nme_parts[part])})"
                for part in PARTS
            ),
        )
        for name, result in results.items()
    ]
    print_table(header, rows, title="By part of the face (its share of what tells people apart)")


def _print_distances(distances: dict[str, DistanceSeries]) -> None:
    pictured = next(iter(distances.values())).pictured_m
    rows = [
        (
            name,
            *(f"{distance:.2f} m" for distance in series.fitted_m),
            "yes" if series.in_order else "no",
            f"{series.farthest_over_nearest:.2f} ×",
        )
        for name, series in distances.items()
    ]
    print_table(
        ("pictured from about", *(f"{distance:.2f} m" for distance in pictured), "in order", "last / first"),
        rows,
        title="One person from several distances: fitted distance of the eyes, each picture alone",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share == share else "–"


def _shown(person: PersonShown) -> str:
    return f"{person.slope:.2f} / {person.explained:.2f}"
