"""One person's head through a video: one identity, an expression and a pose per frame.

    python examples/03_track_video.py [VIDEO]

Without a video it makes one by panning over the photograph beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import mien

OUT = Path("out/examples")


def panning_video(path: Path) -> Path:
    """Two seconds of a camera that moves over the photograph."""
    image = mien.read_image(Path(__file__).with_name("astronaut.jpg"))
    with mien.VideoWriter(path, frames_per_second=25) as video:
        for turn in np.linspace(0, 2 * np.pi, 50):
            left, top = round(40 + 40 * np.sin(turn)), round(10 + 10 * np.cos(turn))
            video.write(np.ascontiguousarray(image[top : top + 360, left : left + 400]))
    return path


source = Path(sys.argv[1]) if len(sys.argv) > 1 else panning_video(OUT / "panning.mp4")
track = mien.track_video(source)
print(f"{len(track)} frames at {track.frames_per_second:.2f} a second; tracked {track.tracked.sum()}")

# Lost frames are data, not errors: their rows repeat the last good one, and `tracked` says so.
for index in range(0, len(track), max(1, len(track) // 10)):
    where = track.root_translation_m[index].round(3) if track.tracked[index] else "lost"
    print(f"  {track.times_s[index]:6.2f} s  {where}")

head = mien.load_head()
overlay = OUT / "track.mp4"
with (
    mien.open_video(source) as video,
    mien.VideoWriter(overlay, frames_per_second=track.frames_per_second) as writer,
):
    for frame in video:
        writer.write(mien.draw_track_frame(frame.image, head, track, frame.index))

print("written to", overlay)
print("written to", mien.export(track, OUT / "track.glb"))
