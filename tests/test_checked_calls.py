"""Every public function refuses what it cannot take with an error of mien's, whatever it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import inspect

import numpy as np

import mien

WRONG = {
    "None": None, "list": [], "list of None": [None], "name": "no_such_file.xyz", "int": 3,
    "NaN": float("nan"), "array of NaN": np.full((4, 4), np.nan), "small array": np.zeros((2, 2)),
    "picture of floats": np.zeros((32, 32, 3)), "object": object(), "dict": {}, "head": mien.load_head(),
    "bytes": b"abc", "class": int, "no numbers": np.zeros((0,)),
}
# An enumeration and an abstract class say themselves what they lack; results of mien's own are made by mien;
# a head turns for minutes.
LEFT_OUT = {"Avatar", "FieldBase", "Status", "RadianceField", "RayContext", "head_turntable"}

tried, bad = 0, []
for name in mien.__all__:
    public = getattr(mien, name)
    if name in LEFT_OUT or not callable(public) or getattr(public, "_is_protocol", False):
        continue
    if inspect.isclass(public) and issubclass(public, BaseException):
        continue
    parameters = inspect.signature(public).parameters.values()
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each for each in parameters if each.default is each.empty and each.kind not in (2, 4)]
    for what, wrong in WRONG.items():
        given = [wrong for each in needed if each.kind in named]
        given = given or [wrong for each in parameters if each.kind in named][:1]
        tried += 1
        try:
            result = public(*given, **{each.name: wrong for each in needed if each.kind not in named})
            if inspect.isgenerator(result):
                next(result, None)
        except mien.MienError:
            pass
        except Exception as error:
            bad.append(f"mien.{name}({what}): {type(error).__name__}: {error}")
assert tried > 800, tried
print("\\n".join(bad))
"""


def test_every_public_function_is_given_what_it_cannot_take(tmp_path: Path):
    """In a process of its own: here, types are checked by their annotations before functions are entered."""
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert not done.stdout.strip(), done.stdout
