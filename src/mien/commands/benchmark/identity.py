"""`mien benchmark identity`: are people recognised by their fitted shape?"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.held_out_people import photographer_of, render_pictures
from mien.commands.display import print_json, print_table, progress_bar
from mien.commands.options import HeldOutPeopleOptions, JsonOption, NetworksOption


@dataclass(frozen=True)
class IdentityConfig:
    """Whether the same person in two pictures is nearer than others, by the fitted shape alone.

    Random MakeHuman people whom the built-in head was not learned from, each rendered several times with
    another skin, hair and light: a neutral face from the front, by which people are known, then others with
    expressions and from the sides. They are drawn once, with --assets, and kept in --cache.
    """

    drawn: Flat[HeldOutPeopleOptions] = HeldOutPeopleOptions()
    networks: Flat[NetworksOption] = NetworksOption(("realtime", "offline"))
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(IdentityConfig, arguments, prog="mien benchmark identity")
    config.drawn.check()
    from mien.evaluation.fitting.pictured_people import fit_pictures
    from mien.evaluation.fitting.who_is_who import study_who_is_who
    from mien.landmarks.landmarker import Landmarker

    quiet = config.output.json
    photographer = photographer_of(config.drawn, count=config.drawn.people, quiet=quiet)
    render_pictures(config.drawn, photographer, quiet=quiet)
    results = {}
    for name in ("exact landmarks", *config.networks.models):
        landmarker = None if name == "exact landmarks" else Landmarker(name)
        with progress_bar(name, quiet=quiet) as report:
            pictures = fit_pictures(photographer, landmarker, config.drawn.cache, report=report)
        results[name] = study_who_is_who(photographer.head, pictures)
    if config.output.json:
        return print_json(
            {
                "benchmark": "identity",
                "format_version": 1,
                "results": {
                    name: {str(shot): asdict(each) for shot, each in shots.items()}
                    for name, shots in results.items()
                },
            }
        )
    rows = [
        (
            name if shot == min(shots) else "",
            "from the front" if shot % 4 in (0, 1) else "from the side",
            f"{100 * each.rank_1_by_likeness:.0f} %",
            f"{100 * each.rank_1:.0f} %",
            f"{100 * each.rank_5:.0f} %",
            f"{100 * each.rank_1_by_angle:.0f} %",
        )
        for name, shots in results.items()
        for shot, each in shots.items()
    ]
    print_table(
        ("", "second picture", "likest", "nearest", "among five", "nearest by angle"),
        rows,
        title=f"Who is who among {len(photographer.crowd)} people, known from one neutral frontal picture",
    )
    print(
        "likest: by mien.likeness. Otherwise the fitted neutral shapes of the face are compared, after a "
        "similarity; pictures are fitted alone."
    )
    return 0
