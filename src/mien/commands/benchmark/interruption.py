"""`mien benchmark interruption`: commands killed at random moments, and what they leave."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import note, print_json, print_table, progress_bar
from mien.commands.options import AssetsOption, JsonOption, PhotoOption


@dataclass(frozen=True)
class InterruptionConfig:
    """Kill fit, track, synth, field train and train landmarks at random moments, with a signal that no
    program can catch, and see that no half file lies under a final name and that the next run goes on.

    Without --assets only fit and track, which need none.
    """

    kills: int = 100
    """How many, shared evenly."""
    shown: Flat[PhotoOption] = PhotoOption()
    makers: Flat[AssetsOption] = AssetsOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 when anything was lost."""
    config = parse(InterruptionConfig, arguments, prog="mien benchmark interruption")
    from mien.evaluation.interruptions.killed_runs import kill_again_and_again
    from mien.evaluation.interruptions.works import light_works, making_works

    outcomes = []
    with tempfile.TemporaryDirectory() as place, progress_bar(quiet=config.output.json) as report:
        works = light_works(config.shown.photo, Path(place))
        if config.makers.assets is not None:
            works += making_works(config.makers.assets, Path(place))
        for number, work in enumerate(works):
            share = config.kills // len(works) + (number < config.kills % len(works))
            folder = Path(place) / f"work-{number}"
            outcomes.append(kill_again_and_again(work, folder, kills=share, seed=number, report=report))
    if config.output.json:
        print_json({"outcomes": [asdict(outcome) for outcome in outcomes]})
    else:
        print_table(
            ("command", "seconds", "kills", "half files", "next run failed", "helpers left",
             "temporary files, most", "at the end"),
            [
                (each.name, f"{each.seconds:.1f}", str(each.kills), str(len(each.damaged)),
                 str(len(each.failed)), str(each.orphans), str(each.left), str(each.left_at_end))
                for each in outcomes
            ],
        )  # fmt: skip
    for outcome in outcomes:
        for line in (*outcome.damaged, *outcome.failed):
            note(f"mien benchmark: {outcome.name}: {line}")
    return 0 if all(outcome.good for outcome in outcomes) else 1
