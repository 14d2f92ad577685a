"""Starting is quick and loads nothing heavy: looked at in fresh processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mien.commands import benchmark, field, head, train
from mien.commands.app import VERBS

HEAVY = ("torch", "cv2", "scipy", "onnxruntime", "av", "trimesh", "PIL", "transformers")
BUDGET_S = 0.5
"""Of the processor's time for `--help`; by the clock a busy machine takes any time."""
SUB_VERBS = {
    "benchmark": list(benchmark.SUB_VERBS),
    "field": list(field.SUB_VERBS),
    "head": list(head.SUB_VERBS),
    "synth": ["scene"],
    "train": list(train.SUB_VERBS),
}
COMMANDS = [[], *([verb] for verb in VERBS), *([verb, sub] for verb in SUB_VERBS for sub in SUB_VERBS[verb])]


def run(code: str) -> str:
    code += f"\nimport sys, time\nprint(time.process_time(), *[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


def test_import_loads_nothing_heavy():
    assert len(run("import mien").split()) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_quick_and_loads_nothing_heavy(command: list[str]):
    code = f"from mien.commands.app import main; assert main({[*command, '--help']!r}) == 0"
    seconds, *heavy = run(code).split()
    assert not heavy
    # the first run may have to compile what it imports
    assert float(seconds) < BUDGET_S or float(run(code).split()[0]) < BUDGET_S
