"""`mien synth`: draw synthetic pictures of heads with exact labels."""

from __future__ import annotations

import sys
import time

from mien.commands.arguments import parse


def run(arguments: list[str]) -> int:
    """Write shards, a manifest and a contact sheet; `mien synth scene` photographs one head all around."""
    if arguments[:1] == ["scene"]:
        from mien.commands.synth.scene import run as run_scene

        return run_scene(arguments[1:])
    from mien.synthetic.scenes.shards import SynthConfig, contact_sheet_of, write_shards

    config = parse(SynthConfig, arguments, prog="mien synth")
    import cv2
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    start = time.perf_counter()
    first_done = None
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("drawing", total=config.count)

        def progress(done: int) -> None:
            nonlocal first_done, start
            if first_done is None:
                first_done = done
            elif done == first_done + 1:
                start = time.perf_counter()  # the studios are set up: from here on the rate counts
            bar.update(task, completed=done)

        shards = write_shards(config, progress=progress)
    drawn = config.count - (first_done or 0)
    sheet = config.out / "sheet.png"
    cv2.imwrite(str(sheet), contact_sheet_of(shards)[..., ::-1])
    if drawn > 1:
        print(f"{drawn} pictures drawn, {(drawn - 1) / (time.perf_counter() - start):.1f} a second")
    print(f"{len(shards)} shards in {config.out}, look at {sheet}")
    print(f"train with: mien train landmarks --data {config.out}")
    return 0
