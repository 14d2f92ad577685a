"""Heads through a video: follow once, then fit every frame again with what was learned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import HeadTrack
from mien.heads.model import Head
from mien.progress import ProgressReport, silent
from mien.tracking.config import PeopleConfig, TrackerConfig
from mien.tracking.everyone import Everyone
from mien.tracking.first_pass import FirstPass, Video
from mien.tracking.one_person import OnePerson
from mien.tracking.second_pass import second_pass
from mien.tracking.seen_person import SeenPerson


def track_video(
    video: Video,
    *,
    camera: CameraPrior | Camera | None = None,
    config: TrackerConfig = TrackerConfig(),
    head: Head | str | Path | None = None,
    context: Context | None = None,
    frames_per_second: float = 25.0,
    max_frames: int | None = None,
    report: ProgressReport = silent,
) -> HeadTrack:
    """Follow one person's head through a video, across cuts too.

    A first pass follows the head as `Tracker` does live. A second one smooths landmarks forwards and
    backwards and fits every frame with the final identity and camera, so both are the same throughout.

    Args:
        video: a file, or (H, W, 3) uint8 RGB pictures.
        camera: what is known of the camera; a plain `Camera` is known, its focal length included. None:
            nothing, and the focal length is found.
        config: how the person is followed.
        head: whose head is fitted, in place of the context's: a head or its file, for example FLAME's.
        context: head, landmarker and settings of the fit; the built-in ones when None.
        frames_per_second: of `video` when it is pictures; a file knows its own.
        max_frames: stop after so many.
        report: told of the frames that are done, and of all where that is known.

    Returns:
        The track; frames without the face are marked in `tracked`.

    Raises:
        InputError: the file is missing or no video, there are no frames, or the landmarker cannot follow
            faces.
    """
    one = OnePerson(Context.of(context, head), camera=camera, config=config)
    first = FirstPass(
        video, one, frames_per_second=frames_per_second, max_frames=max_frames, whole=True, report=report
    )
    [seen] = first
    return HeadTrack.joined(second_pass(seen, frames_per_second=first.frames_per_second))


def track_people(
    video: Video,
    *,
    camera: CameraPrior | Camera | None = None,
    people: PeopleConfig = PeopleConfig(),
    config: TrackerConfig = TrackerConfig(),
    head: Head | str | Path | None = None,
    context: Context | None = None,
    frames_per_second: float = 25.0,
    max_frames: int | None = None,
    report: ProgressReport = silent,
) -> list[HeadTrack]:
    """Follow every head through a video.

    A cut ends all tracks, since nothing here tells who somebody is: a person who is seen in two shots is two
    tracks. `track_video` follows a single person across cuts instead.

    Args:
        people: how it is told who is who.
        video, camera, config, head, context, frames_per_second, max_frames, report: as for `track_video`.

    Returns:
        A track per person and shot, the one seen on most frames first; empty when no face was found. Each has
        the frames from the first to the last in which the person was seen; `track.first_frame` tells where
        in the video it begins.

    Raises:
        InputError: as for `track_video`.
    """
    everyone = Everyone(Context.of(context, head), camera=camera, config=config, people=people)
    first = FirstPass(
        video, everyone, frames_per_second=frames_per_second, max_frames=max_frames, report=report
    )
    tracks = [
        HeadTrack.joined(second_pass(seen, frames_per_second=first.frames_per_second))
        for seen in no_flickers(first, people)
    ]
    return sorted(tracks, key=lambda track: -int(track.tracked.sum()))


def no_flickers(first: FirstPass, people: PeopleConfig) -> Iterator[SeenPerson]:
    """Those who were seen on frames enough: `min_frames`, or a third of a shorter clip."""
    short: list[SeenPerson] = []
    for seen in first:
        if seen.seen_count >= people.min_frames:
            yield seen
        elif first.frame_count < 3 * people.min_frames:  # in a very short clip it is no flicker
            short.append(seen)
    enough = max(1, first.frame_count // 3)
    if enough < people.min_frames:
        yield from (seen for seen in short if seen.seen_count >= enough)
