"""How much of a blink is left after tracking.

script = blink_script(mien.load_head())
landmark_blinks(script, scripted_landmarks(script)).of_truth    # above 0.9: nine tenths are kept
video_blinks(script, pictures).of_alone                         # the same of pictures, through a network
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.results import HeadTrack, TrackedFrame
from mien.heads.landmark_sets import LID_PAIRS
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.synthetic.held_out_people.blink_scripts import BlinkScript
from mien.tracking.config import TrackerConfig
from mien.tracking.first_pass import FirstPass
from mien.tracking.one_person import OnePerson
from mien.tracking.second_pass import second_pass
from mien.tracking.seen_person import SeenPerson
from mien.tracking.tracked_person import TrackedPerson


@dataclass(frozen=True)
class BlinkAmplitude:
    """How much of each blink is left, as shares of the change of the gap between the lids (NaN: lost).

    Attributes:
        realtime, offline: (blinks,) of the tracker and of the finished track, over the truth's.
        alone: (blinks,) when the frame is fitted by itself, over the truth's: what landmarks and priors leave
            of a blink.
        lag_frames: (blinks,) frames by which the tracker's lids are closed later than the true ones.
    """

    realtime: Float[np.ndarray, " blinks"]
    offline: Float[np.ndarray, " blinks"]
    alone: Float[np.ndarray, " blinks"]
    lag_frames: Float[np.ndarray, " blinks"]

    @property
    def of_truth(self) -> float:
        """Mean share that the tracker keeps of the true amplitude."""
        return float(np.mean(self.realtime))

    @property
    def of_alone(self) -> float:
        """Mean share that the tracker keeps of what fitting each frame alone finds."""
        return float(np.mean(self.realtime) / np.mean(self.alone))

    @staticmethod
    def together(clips: Sequence[BlinkAmplitude]) -> BlinkAmplitude:
        """The blinks of several clips."""
        names = ("realtime", "offline", "alone", "lag_frames")
        return BlinkAmplitude(*(np.concatenate([getattr(clip, name) for clip in clips]) for name in names))


def landmark_blinks(
    script: BlinkScript,
    landmarks: Sequence[Landmarks2D],
    *,
    context: Context | None = None,
    config: TrackerConfig = TrackerConfig(),
) -> BlinkAmplitude:
    """Track given landmarks of the script's own head, with its camera, and see how far blinks are closed.

    Raises:
        InputError: the head has no set that names lids.
    """
    person = TrackedPerson(replace(context or Context(), head=script.head), script.camera, config)
    rate = script.frames_per_second
    frames = [person.observe(one, index / rate) for index, one in enumerate(landmarks)]
    seen = SeenPerson(person, whole=True)
    for index, frame in enumerate(frames):
        seen.add(index, frame)
    return _amplitude(script, frames, seen)


def video_blinks(
    script: BlinkScript,
    pictures: Iterable[np.ndarray],
    *,
    context: Context | None = None,
    config: TrackerConfig = TrackerConfig(),
) -> BlinkAmplitude:
    """Track pictures of the script, whose person and camera the tracker does not know, through a network.

    Args:
        pictures: (H, W, 3) uint8 RGB, one per frame of the script.
        context: head, landmarker and settings; the built-in ones when None.

    Raises:
        InputError: no frame shows a face, or the head has no set that names lids.
    """
    one = OnePerson(context or Context(), camera=None, config=config)
    frames: list[TrackedFrame] = []
    [seen] = FirstPass(
        pictures, one, frames_per_second=script.frames_per_second, whole=True, watch=frames.append
    )
    if seen.person.identity is None:
        raise InputError("no frame of the blinking video shows a face")
    return _amplitude(script, frames, seen)


def _amplitude(script: BlinkScript, frames: Sequence[TrackedFrame], seen: SeenPerson) -> BlinkAmplitude:
    person = seen.person
    head = person.context.loaded_head
    track = HeadTrack.joined(second_pass(seen, frames_per_second=script.frames_per_second))
    true = lid_openings(script.head, script.truths)
    realtime = lid_openings(head, [frame.parameters for frame in frames])
    offline = lid_openings(
        head, [track.parameters(index) if good else None for index, good in enumerate(track.tracked)]
    )
    alone = np.full_like(true, np.nan)
    for index in {frame for blink in script.blinks for frame in (blink, *_rest(blink)[::3])}:
        landmarks = frames[index].raw_landmarks
        if landmarks is not None:
            fit = fit_landmarks(
                landmarks,
                track.camera,
                identity=track.identity,
                context=person.context,
            )
            alone[index] = lid_openings(head, [fit.parameters])[0]

    def share(openings: np.ndarray, blink: int, near: int) -> float:
        closed = slice(blink - near, blink + near + 1)
        change = np.nanmedian(openings[_rest(blink)]) - np.min(openings[closed])
        return float(change / (np.median(true[_rest(blink)]) - true[blink]))

    def lag(blink: int) -> float:
        return float(np.argmin(realtime[blink - 3 : blink + 4]) - 3)

    return BlinkAmplitude(
        realtime=np.array([share(realtime, blink, 1) for blink in script.blinks]),
        offline=np.array([share(offline, blink, 1) for blink in script.blinks]),
        alone=np.array([share(alone, blink, 0) for blink in script.blinks]),
        lag_frames=np.array([lag(blink) for blink in script.blinks]),
    )


def _rest(blink: int) -> np.ndarray:
    """Frames before a blink in which the eyes are open."""
    return np.arange(blink - 12, blink - 4)


def lid_openings(head: Head, parameters: Iterable[HeadParameters | None]) -> Float[np.ndarray, " frames"]:
    """Mean distance of upper from lower lids' margins over the distance between the eyes, which no wrong size
    of the head changes; NaN for None.

    Raises:
        InputError: the head has no set that names lids.
    """
    for name, pairs in LID_PAIRS.items():
        if name in head.landmark_sets:
            upper, lower = head.landmark_sets[name].vertices[np.array(pairs)].T
            break
    else:
        raise InputError(f"this head has no landmark set that names lids, one of {', '.join(LID_PAIRS)}")
    one_eye = len(upper) // 2  # the first half of the pairs lies on one eye
    openings = []
    for one in parameters:
        if one is None:
            openings.append(np.nan)
            continue
        vertices_m = head.vertices_m(one)
        gap_m = np.linalg.norm(vertices_m[upper] - vertices_m[lower], axis=1).mean()
        middles_m = (vertices_m[upper] + vertices_m[lower]) / 2
        apart_m = np.linalg.norm(middles_m[:one_eye].mean(axis=0) - middles_m[one_eye:].mean(axis=0))
        openings.append(float(gap_m / apart_m))
    return np.array(openings)
