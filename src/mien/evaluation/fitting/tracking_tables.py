"""Results of following a face through time, as tables."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from mien.evaluation.fitting.tables import Table
from mien.evaluation.tracking.blinks import BlinkAmplitude
from mien.evaluation.tracking.still_faces import StillFaceJitter


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


def blinks_table(clips: dict[str, BlinkAmplitude]) -> Table:
    """How much of a blink is kept, for each clip."""

    def kept(shares: np.ndarray) -> str:
        return f"{100 * shares.mean():.0f} % ({100 * shares.min():.0f} %)"

    rows = [
        (
            name,
            str(len(clip.realtime)),
            f"{100 * clip.alone.mean():.0f} %",
            kept(clip.realtime),
            kept(clip.offline),
            f"{100 * clip.of_alone:.0f} %",
            f"{clip.lag_frames.mean():.1f}",
        )
        for name, clip in clips.items()
    ]
    data = {
        name: {
            "of_truth": clip.of_truth,
            "of_alone": clip.of_alone,
            "lag_frames": float(clip.lag_frames.mean()),
            **{way: getattr(clip, way).tolist() for way in ("alone", "realtime", "offline")},
        }
        for name, clip in clips.items()
    }
    header = (
        "clip", "blinks", "each frame alone", "tracker (least)", "finished track (least)",
        "tracker, of each frame alone", "lag, frames",
    )  # fmt: skip
    title = "Lid movement kept in blinks, of the true one"
    return Table(title, header, tuple(rows), {"study": "blinks", "clips": data})
