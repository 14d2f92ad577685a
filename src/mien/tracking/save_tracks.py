"""Everyone in a video of any length, each track in a file: memory does not grow with the video."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mien.cameras import Camera
from mien.checked_calls import checked_call
from mien.files import check_folder_place
from mien.files.temporary import Temporary, sync
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.heads.model import Head
from mien.progress import ProgressReport, silent
from mien.tracking.config import PeopleConfig, TrackerConfig
from mien.tracking.everyone import Everyone
from mien.tracking.first_pass import FirstPass, Video
from mien.tracking.one_person import OnePerson
from mien.tracking.second_pass import second_pass
from mien.tracking.track_file import SavedTrack, open_track, write_track
from mien.tracking.video import no_flickers


@dataclass(frozen=True)
class VideoTracks:
    """What was found in a video.

    Attributes:
        tracks: a track per person and shot, the one seen on most frames first.
        frame_count: frames of the video that were read.
        frames_per_second: nominal frame rate.
        start_time_s: time of the video's first frame.
    """

    tracks: tuple[SavedTrack, ...]
    frame_count: int
    frames_per_second: float
    start_time_s: float


@checked_call
def save_tracks(
    video: Video,
    folder: str | Path,
    *,
    name: str | None = None,
    one_person: bool = False,
    camera: CameraPrior | Camera | None = None,
    people: PeopleConfig = PeopleConfig(),
    config: TrackerConfig = TrackerConfig(),
    head: Head | str | Path | None = None,
    context: Context | None = None,
    frames_per_second: float = 25.0,
    max_frames: int | None = None,
    report: ProgressReport = silent,
) -> VideoTracks:
    """Follow heads through a video as `track_people` does, and write each track to a file.

    An hour takes the memory of a minute: only people in the picture are kept, and what has to be kept of them
    lies in temporary files in `folder`.

    >>> found = mien.save_tracks("lecture.mp4", "out")
    >>> mien.export(found.tracks[0], "out/lecturer.glb")

    Args:
        folder: where NAME.npz is written, or with several people NAME-1.npz, NAME-2.npz …; made if missing.
            They appear when the whole video is done.
        name: the files'; the video's when None.
        one_person: follow a single person across cuts, as `track_video` does.
        video, camera, people, config, head, context, frames_per_second, max_frames, report: as for
            `track_people`.

    Returns:
        The tracks, which are read from their files as they are used; none when no face was found.

    Raises:
        InputError: as for `track_people`.
        OutputError: the folder takes no files.
    """
    folder = Path(folder)
    check_folder_place(folder)
    if name is None:
        name = Path(video).stem if isinstance(video, str | Path) else "track"
    context = Context.of(context, head)
    following = (
        OnePerson(context, camera=camera, config=config)
        if one_person
        else Everyone(context, camera=camera, config=config, people=people)
    )
    with Temporary.folder_beside(folder / name) as scratch:
        first = FirstPass(
            video,
            following,
            frames_per_second=frames_per_second,
            max_frames=max_frames,
            whole=one_person,
            folder=scratch,
            report=report,
        )
        tracks: list[SavedTrack] = []
        for seen in first if one_person else no_flickers(first, people):
            path = scratch / f"{len(tracks)}.npz"
            parts = second_pass(seen, frames_per_second=first.frames_per_second)
            names = context.loaded_head.expression_names
            write_track(parts, path, expression_names=names, folder=scratch)
            seen.close()
            tracks.append(open_track(path))
        tracks = [track for track in tracks if track.tracked.any()]
        tracks.sort(key=lambda track: -int(track.tracked.sum()))
        finished = []
        for number, track in enumerate(tracks, 1):
            path = folder / (f"{name}.npz" if len(tracks) == 1 else f"{name}-{number}.npz")
            os.replace(track.path, path)
            finished.append(open_track(path))
        sync(folder)
    return VideoTracks(tuple(finished), first.frame_count, first.frames_per_second, first.start_time_s)
