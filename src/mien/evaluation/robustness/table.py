"""The study as a page of Markdown."""

from __future__ import annotations

from mien.evaluation.robustness.study import FAULTS, RobustnessConfig, RobustnessResult

COLUMNS = ("file", "tried", "refused", "read", *FAULTS, "slowest, s", "most memory, MB")


def table_rows(result: RobustnessResult) -> list[tuple[str, ...]]:
    """A row for each kind of file, and their sum."""
    rows = []
    for name, kind in result.kinds.items():
        faults = (str(kind.faults[fault]) for fault in FAULTS)
        rows.append((
            name, str(kind.tried), str(kind.refused), str(kind.read), *faults, f"{kind.slowest_s:.2f}",
            f"{kind.largest_mb:.0f}",
        ))  # fmt: skip
    kinds = result.kinds.values()
    rows.append((
        "all", str(sum(kind.tried for kind in kinds)), str(sum(kind.refused for kind in kinds)),
        str(sum(kind.read for kind in kinds)), *(str(result.count(fault)) for fault in FAULTS),
        f"{max(kind.slowest_s for kind in kinds):.2f}", f"{max(kind.largest_mb for kind in kinds):.0f}",
    ))  # fmt: skip
    return rows


def page(result: RobustnessResult, config: RobustnessConfig) -> str:
    """The page."""
    rows = table_rows(result)
    lines = [
        "# Damaged files",
        "",
        f"`mien benchmark robustness --mutations {config.mutations} --seed {config.seed}`",
        "",
        "Good files, most of them written by mien itself, are damaged: flipped, missing, doubled and",
        "overwritten bytes, files cut short; and with knowledge of the format, NaN, infinities, huge and",
        "negative numbers, wrong types and shapes, missing and exchanged values, arrays, tar members and",
        "pictures that claim terabytes, pictures of one colour that unpack to gigabytes, nesting to tens",
        "of thousands, pickles that call something, pipes, devices and folders in a file's place. Each is",
        "read in a child process.",
        "",
        "*refused*: an error of mien's that names the file. *read*: read, with everything finite and of",
        "its documented shape (damage in a picture's pixels, a comment or a digit cannot be told).",
        "*silent acceptance*: read with NaN or infinity where none is documented, or with another shape.",
        "Seconds are those that the process computed (without an answer for 30 seconds it is given up),",
        "memory is what the read took beyond what the process had before.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * (len(COLUMNS) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    if result.failures:
        lines += ["", "## What was not held against", ""]
        lines += [
            f"- {each.seed_name} ({each.file}, {each.mutation}, number {each.index}): "
            f"{each.fault}: {each.what}"
            for each in result.failures[:50]
        ]
    return "\n".join(lines) + "\n"
