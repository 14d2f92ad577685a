"""Results of following a face through time, as tables."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from mien.evaluation.fitting.tables import Table
from mien.evaluation.tracking import BlinkAmplitude, StillFaceJitter


def jitter_table(clips: dict[str, StillFaceJitter]) -> Table:
    """Jitter of a still face, for each clip."""
    rows = [
        (
            name,
            str(clip.frames),
            *(
                f"{value:.3f}"
                for value in (clip.landmarks_px, clip.alone_px, clip.realtime_px, clip.offline_px)
            ),
            f"{100 * clip.realtime_ratio:.0f} %",
        )
        for name, clip in clips.items()
    ]
    header = ("clip", "still frames", "landmarks", "each frame alone", "tracker", "finished track", "ratio")
    data = {
        name: {**asdict(clip), "realtime_ratio": clip.realtime_ratio, "offline_ratio": clip.offline_ratio}
        for name, clip in clips.items()
    }
    title = "Jitter of a still face from frame to frame, px RMS; ratio of tracker to each frame alone"
    return Table(title, header, tuple(rows), {"study": "jitter", "clips": data})


def blinks_table(blinks: BlinkAmplitude) -> Table:
    """How much of a blink is kept."""
    ways = {"each frame alone": blinks.alone, "tracker": blinks.realtime, "finished track": blinks.offline}
    rows = [
        (name, f"{100 * shares.mean():.0f} %", f"{100 * shares.min():.0f} %") for name, shares in ways.items()
    ]
    data = {name: [float(share) for share in shares] for name, shares in ways.items()}
    lag = float(np.mean(blinks.lag_frames))
    title = f"{len(blinks.realtime)} blinks, lag {lag:.1f} frames: lid movement kept, of the true one"
    return Table(
        title,
        ("", "mean", "least"),
        tuple(rows),
        {
            "study": "blinks",
            "of_truth": blinks.of_truth,
            "of_alone": blinks.of_alone,
            "lag_frames": lag,
            **data,
        },
    )
