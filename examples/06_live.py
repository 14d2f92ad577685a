"""Frames as they come, each answered at once: ARKit's weights of the face, for an avatar.

python examples/06_live.py [VIDEO]

Anything that gives RGB pictures with times will do: a camera, a stream, or, as here, a file. Without one it
pans over the photograph beside it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import mien


def panning() -> Iterator[tuple[np.ndarray, float]]:
    """Two seconds of a camera that moves over the photograph: pictures and their times."""
    image = mien.read_image(Path(__file__).with_name("astronaut.jpg"))
    for index, turn in enumerate(np.linspace(0, 2 * np.pi, 50)):
        left, top = round(40 + 40 * np.sin(turn)), round(10 + 10 * np.cos(turn))
        yield np.ascontiguousarray(image[top : top + 360, left : left + 400]), index / 25


def recorded(path: str) -> Iterator[tuple[np.ndarray, float]]:
    """The same of a file."""
    with mien.open_video(path) as video:
        for frame in video:
            yield frame.image, frame.time_s


# The tracker finds the face, learns who it is on the first frames and then only follows. One tracker is for
# one person; frames may be dropped, but must come in order.
tracker = mien.Tracker()
took_ms = []
for image, time_s in recorded(sys.argv[1]) if len(sys.argv) > 1 else panning():
    begin = time.perf_counter()
    frame = tracker.update(image, time_s)
    took_ms.append(1000 * (time.perf_counter() - begin))
    if not frame.tracked:
        print(f"{time_s:6.2f} s  no face")
        continue
    # 52 weights in [0, 1], and for each how much of it the picture has shown.
    weights = mien.arkit_weights(frame)
    strongest = sorted(weights.named().items(), key=lambda item: -item[1])[:3]
    print(f"{time_s:6.2f} s  " + "  ".join(f"{name} {weight:.2f}" for name, weight in strongest))

print(f"median {np.median(took_ms):.1f} ms a frame, the slowest {max(took_ms):.0f} ms")
