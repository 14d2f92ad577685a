"""MediaPipe Face Mesh on single pictures, by an interpreter of its own: its dependencies exclude ours."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mien.errors import InputError


def face_mesh_points(
    python: Path, pictures: Sequence[Path], *, refined: bool, timeout_s: float = 1800
) -> dict[str, np.ndarray]:
    """Its points of every picture in which it finds a face: (468, 2), or (478, 2) when refined, pixels.

    Args:
        python: an interpreter that has MediaPipe 0.10.
        pictures: files.
        refined: with its second networks for lips, eyes and irises.

    Raises:
        InputError: the interpreter does not run or has no MediaPipe, or a picture is unreadable.
    """
    script = Path(__file__).with_name("peer_face_mesh_points.py")
    with TemporaryDirectory() as folder:
        out = Path(folder) / "points.npz"
        kind = "refined" if refined else "plain"
        try:
            subprocess.run(
                [python, script, out, kind, *pictures],
                capture_output=True,
                text=True,
                check=True,
                timeout=timeout_s,
            )
            with np.load(out, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or ["no message"])[-1]
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            reason = str(error)
    raise InputError(
        f"cannot run MediaPipe Face Mesh ({reason}); name an interpreter that has mediapipe 0.10",
        source=python,
    )
