"""Starting loads nothing heavy: looked at in fresh processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "cv2", "scipy", "onnxruntime", "av", "trimesh", "PIL", "transformers")


@pytest.mark.parametrize(
    "statement",
    [
        "import mien",
        "from mien.commands.app import main; main(['--help'])",
        "from mien.commands.app import main; main(['fit', '--help'])",
        "from mien.commands.app import main; main(['landmarks', '--help'])",
        "from mien.commands.app import main; main(['track', '--help'])",
        "from mien.commands.app import main; main(['train', 'landmarks', '--help'])",
        "from mien.commands.app import main; main(['train', 'search', '--help'])",
        "from mien.commands.app import main; main(['train', 'ablation', '--help'])",
        "from mien.commands.app import main; main(['train', 'field-landmarks', 'fine', '--help'])",
    ],
)
def test_start_loads_nothing_heavy(statement: str):
    code = f"{statement}\nimport sys\nprint('loaded:', *[n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1].strip() == "loaded:"
