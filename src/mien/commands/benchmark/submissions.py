"""What the benchmarks that measure submissions share."""

from __future__ import annotations

from collections.abc import Sequence

from mien.commands.display import note


def print_missing(command: str, missing: Sequence[tuple[str, str]], *, of: int, most: int = 10) -> int:
    """Say on stderr what a submission lacks, and return the exit code: 1 when it lacks something.

    Args:
        missing: names and reasons.
        of: how many there should be.
        most: how many to name.
    """
    if not missing:
        return 0
    note(
        f"{command}: {len(missing)} of {of} have no usable prediction; the figures leave them out and cannot "
        "be compared with published ones"
    )
    for name, reason in missing[:most]:
        note(f"  {reason}" if name in reason else f"  {name}: {reason}")
    if len(missing) > most:
        note(f"  … and {len(missing) - most} more (--json names all)")
    return 1
