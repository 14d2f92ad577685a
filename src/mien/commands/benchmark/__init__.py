"""`mien benchmark …`: accuracy and speed. A benchmark is a file here and a line in `SUB_VERBS`.

The file has a frozen dataclass of options and

    def run(arguments: list[str]) -> int: ...

that parses them (`mien.commands.arguments.parse`), measures with `mien.evaluation`, prints with
`mien.commands.display`, a table for people or with --json one document, and returns the exit code.
"""

from __future__ import annotations

from mien.commands.arguments import dispatch

SUB_VERBS: dict[str, tuple[str, str]] = {
    "ytf68": ("accuracy of landmarks on labelled video frames", "mien.commands.benchmark.ytf68:run"),
    "portraits": (
        "how much of a person landmarks show",
        "mien.commands.benchmark.portraits:run",
    ),
    "identity": ("are people recognised by their fitted shape?", "mien.commands.benchmark.identity:run"),
    "expressions": ("whether expressions arrive at full size", "mien.commands.benchmark.expressions:run"),
    "synthetic": ("landmarks on held-out synthetic faces", "mien.commands.benchmark.synthetic:run"),
    "speed": ("time of landmarks, fit and search", "mien.commands.benchmark.speed:run"),
    "head": ("a head's shapes: lips, lids, folds", "mien.commands.benchmark.head:run"),
    "fitting": ("fitted heads, solvers, sequences", "mien.commands.benchmark.fitting:run"),
    "looks": ("textured heads against their photos", "mien.commands.benchmark.looks:run"),
    "field-landmarks": (
        "3D landmarks in trained radiance fields",
        "mien.commands.benchmark.field_landmarks:run",
    ),
    "lifting": ("3D landmarks lifted from single pictures", "mien.commands.benchmark.lifting:run"),
    "morphable-field": (
        "fields that landmarks and a texture steer",
        "mien.commands.benchmark.morphable_field:run",
    ),
    "avatar": ("avatars on frames that they never saw", "mien.commands.benchmark.avatar:run"),
    "captures": ("captures made hard, from pictures to landmarks", "mien.commands.benchmark.captures:run"),
    "robustness": ("readers against damaged files", "mien.commands.benchmark.robustness:run"),
    "interruption": ("commands killed at random moments", "mien.commands.benchmark.interruption:run"),
    "now": ("shapes against scans: NoW", "mien.commands.benchmark.now:run"),
    "micc": ("shapes against scans: MICC Florence", "mien.commands.benchmark.micc:run"),
    "dad3d": ("heads in single pictures: DAD-3DHeads", "mien.commands.benchmark.dad3d:run"),
}
"""Name to (one line of help, "module:function"); a module is imported only when its benchmark is called."""


def run(arguments: list[str]) -> int:
    """Hand over to a benchmark and return its exit code."""
    return dispatch(
        arguments,
        prog="mien benchmark",
        description="Measure accuracy and speed.",
        sub_verbs=SUB_VERBS,
    )
