"""`mien synth`: draw synthetic pictures of heads with exact labels."""

from __future__ import annotations

import time

from mien.commands.arguments import parse
from mien.commands.display import print_written, progress_bar
from mien.progress import Progress


def run(arguments: list[str]) -> int:
    """Write shards, a manifest and a contact sheet; `mien synth scene` photographs one head all around,
    `mien synth people` people with expressions, `mien synth subject` one person in a video."""
    if arguments[:1] == ["scene"]:
        from mien.commands.synth.scene import run as run_scene

        return run_scene(arguments[1:])
    if arguments[:1] == ["subject"]:
        from mien.commands.synth.subject import run as run_subject

        return run_subject(arguments[1:])
    if arguments[:1] == ["people"]:
        from mien.commands.synth.people import run as run_people

        return run_people(arguments[1:])
    from mien.synthetic.scenes.synth_config import SynthConfig

    config = parse(SynthConfig, arguments, prog="mien synth")
    from mien.images.writing import write_image
    from mien.synthetic.scenes.shards import contact_sheet_of, write_shards

    start = time.perf_counter()
    first_done = None
    with progress_bar("drawing") as bar:

        def report(progress: Progress) -> None:
            nonlocal first_done, start
            if first_done is None:
                first_done = progress.done
            elif progress.done == first_done + 1:
                start = time.perf_counter()  # the studios are set up: from here on the rate counts
            bar(progress)

        shards = write_shards(config, report=report)
    drawn = config.count - int(first_done or 0)
    sheet = config.out / "sheet.png"
    write_image(sheet, contact_sheet_of(shards))
    if drawn > 1:
        print(f"{drawn} pictures drawn, {(drawn - 1) / (time.perf_counter() - start):.1f} a second")
    print(f"{len(shards)} shards in {config.out}")
    print_written(
        [config.out, sheet],
        next_step=f"look at the sheet; train with: mien train landmarks --data {config.out}",
    )
    return 0
