"""`mien benchmark avatar`: avatars on frames that they never saw, against their rivals at equal time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.display import print_json, print_table, progress_bar
from mien.commands.options import DeviceOption, JsonOption
from mien.files import OutputFolder


@dataclass(frozen=True)
class AvatarBenchmarkConfig:
    """Train avatars of prepared frames for the same time or steps, and compare them with frames held out.

    Kinds: splats, surface, ours (local deformation fields), and in the same code the paper's rivals and
    ablations: static, nerface, rignerf, global, five, centroids, no-mask, quantile-mask, no-local-loss,
    paper. PSNR is that inside the silhouette, at the mouth and at the eyes.
    """

    data: Positional[Path]
    """Folder of mien avatar prepare."""
    kinds: tuple[str, ...] = ("static", "nerface", "rignerf", "global", "ours", "surface", "splats")
    """What is compared."""
    train_minutes: float = 3.0
    """Training time of each."""
    train_steps: int | None = None
    """Steps of each training, in place of a time."""
    measured: int = 12
    """Held-out frames that are compared, evenly chosen."""
    code_steps: int = 0
    """Fields also with codes that each held-out frame finds on itself in so many steps."""
    keep_avatars: OutputFolder | None = None
    """Folder for the avatars and for sheets of held-out frames above each."""
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Train, measure, print."""
    config = parse(AvatarBenchmarkConfig, arguments, prog="mien benchmark avatar")
    from mien.avatars.dataset_files import load_avatar_data
    from mien.evaluation.avatars.held_out import table, train_and_measure

    data = load_avatar_data(config.data)
    if config.keep_avatars is not None:
        config.keep_avatars.mkdir(parents=True, exist_ok=True)
    rows = []
    for kind in config.kinds:
        with progress_bar(kind, quiet=config.output.json) as report:
            rows += train_and_measure(
                data,
                kind,
                minutes=None if config.train_steps else config.train_minutes,
                steps=config.train_steps,
                frames=config.measured,
                code_steps=config.code_steps,
                device=config.place.device,
                out=config.keep_avatars,
                report=report,
            )
    if config.output.json:
        return print_json(
            {
                "data": data.source,
                "minutes": None if config.train_steps else config.train_minutes,
                "steps": config.train_steps,
                "rows": [asdict(row) for row in rows],
            }
        )
    header, cells = table(rows)
    print_table(header, cells)
    return 0
