"""Peak memory and file sizes of `mien track` on videos of any length: they must not grow with the video.

    python tools/measure_track_memory.py --frames 540 54000

The videos are drawn here, small, so that the hour goes by quickly. A stand-in for the landmark networks knows
a face that moves and talks for half a minute, over and over, and jitters anew in every frame: the search for
faces and the landmark networks are what is not measured, for they keep nothing from frame to frame.
Everything else is the command itself: video reading, both passes, fitting, looks and all formats. Every
length is tracked by a process of its own. With --video a real clip is
repeated instead, and the shipped networks look at it. --no-overlay leaves out the overlay video: drawing it
takes most of the time, and its frames are written one by one.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIZE_PX = (96, 72)
PERIOD_FRAMES = 900


def main() -> None:
    """Measure every length in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[540, 54000])
    parser.add_argument("--video", type=Path)
    parser.add_argument("--no-overlay", action="store_true")
    parser.add_argument("--child", type=Path)
    options = parser.parse_args()
    if options.child is not None:
        _track(options.child, real=options.video is not None, overlay=not options.no_overlay)
        return
    rows = []
    for frames in options.frames:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            _write_video(clip, frames, like=options.video)
            real = [] if options.video is None else ["--video", str(options.video)]
            real += ["--no-overlay"] if options.no_overlay else []
            begin = time.perf_counter()
            done = subprocess.run(
                [sys.executable, __file__, *real, "--child", str(clip)],
                capture_output=True,
                text=True,
                check=True,
            )
            row = json.loads(done.stdout.splitlines()[-1])
            rows.append({"frames": frames, "minutes": (time.perf_counter() - begin) / 60, **row})
            print(json.dumps(rows[-1]), flush=True)
    print("| frames | peak memory, MB | bytes a frame and person | minutes |\n|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['frames']:,} | {row['peak_mb']:.0f} "
            f"| {row['bytes_per_row']:.0f} | {row['minutes']:.1f} |"
        )
    print(f"longest over shortest: {rows[-1]['peak_mb'] / rows[0]['peak_mb']:.3f}")


def _write_video(path: Path, frames: int, *, like: Path | None) -> None:
    from mien.images.video import VideoWriter, open_video

    with VideoWriter(path, frames_per_second=30.0, quality=30) as writer:
        if like is None:
            scene = np.random.default_rng(0).integers(60, 200, (SIZE_PX[1] // 8, SIZE_PX[0] // 8 + 8, 3))
            scene = np.kron(scene, np.ones((8, 8, 1))).astype(np.uint8)
            for index in range(frames):
                shift = round(32 + 30 * np.sin(index / 40))
                writer.write(np.ascontiguousarray(scene[:, shift : shift + SIZE_PX[0]]))
            return
        written = 0
        while written < frames:
            with open_video(like) as video:
                for frame in video:
                    if written < frames:
                        writer.write(frame.image)
                        written += 1


class MovingFace:
    """In place of `Landmarker`: a face that turns, talks and blinks, with a network's jitter."""

    def __init__(self, *_: object, **__: object) -> None:
        self._points_px = _moving_points_px()
        self._rng, self._count = np.random.default_rng(0), 0

    def __call__(self, image: np.ndarray, max_faces: int | None = None) -> list:
        return [self._face()]

    def track(self, image: np.ndarray, previous: object) -> object:
        return self._face()

    def _face(self) -> object:
        from mien.landmarks.types import Landmarks2D

        self._count += 1
        points_px = self._points_px[self._count % PERIOD_FRAMES]
        sigma_px = np.full(len(points_px), 0.4) * (1 + 0.1 * self._rng.random(len(points_px)))
        jitter_px = 0.12 * self._rng.normal(size=points_px.shape)
        return Landmarks2D(points_px + jitter_px, sigma_px, "dense320", 0.9)


def _moving_points_px() -> np.ndarray:
    """(PERIOD_FRAMES, 320, 2) landmarks of half a minute, whose end joins its beginning."""
    from dataclasses import replace

    from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
    from mien.heads.library import load_head

    head = load_head()
    camera = Camera.from_focal(
        120.0, width_px=SIZE_PX[0], height_px=SIZE_PX[1], camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    vertices = head.landmark_set("dense320").vertices
    moving = []
    for phase in 2 * np.pi * np.arange(PERIOD_FRAMES) / PERIOD_FRAMES:
        weights = np.zeros(head.expression_count)
        weights[head.expression_names.index("jawOpen")] = 0.3 + 0.3 * np.sin(33 * phase)
        moved = replace(
            head.neutral(),
            expression=weights,
            root_rotation=np.array([0.1 * np.sin(4 * phase), 0.5 * np.sin(3 * phase), 0.0]),
            root_translation_m=np.array([0.03 * np.sin(2 * phase), 0.0, -0.6]),
        )
        moving.append(camera.project(head.vertices_m(moved)[vertices]))
    return np.stack(moving)


def _track(clip: Path, *, real: bool, overlay: bool) -> None:
    import mien.landmarks.landmarker as networks
    from mien.commands.app import main as mien
    from mien.tracking.track_file import open_track

    if not real:
        networks.Landmarker = MovingFace
    out = clip.parent / "out"
    code = mien(["track", str(clip), "--out", str(out), *([] if overlay else ["--no-overlay"])])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(len(open_track(path)) for path in out.glob("*.npz"))
    # what a .glb holds of the person and its textures does not depend on the length
    still = sum(_still_bytes(path) for path in out.glob("*.glb"))
    sizes = {
        suffix: sum(path.stat().st_size for path in out.glob(f"*{suffix}"))
        for suffix in (".npz", ".json", ".csv", ".glb")
    }
    sizes[".glb"] -= still
    facts = {"exit_code": code, "peak_mb": peak_mb, "rows": rows, "people": len(list(out.glob("*.npz")))}
    per_row = {f"bytes{suffix}": size / rows for suffix, size in sizes.items()}
    print(json.dumps({**facts, "bytes_per_row": sum(sizes.values()) / rows, **per_row}))


def _still_bytes(path: Path) -> int:
    """Size of a .glb without its animation."""
    content = path.read_bytes()
    length = int.from_bytes(content[12:16], "little")
    document = json.loads(content[20 : 20 + length])
    moving = {
        document["accessors"][sampler[end]]["bufferView"]
        for animation in document.get("animations", [])
        for sampler in animation["samplers"]
        for end in ("input", "output")
    }
    return len(content) - sum(document["bufferViews"][view]["byteLength"] for view in moving)


if __name__ == "__main__":
    main()
