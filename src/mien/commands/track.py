"""`mien track`: follow heads through a video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.options import (
    CollisionOptions,
    FileOptions,
    HeadOption,
    MeshFileOptions,
    NeutralPhotoOption,
    OutputOptions,
    StillnessOptions,
    TextureOptions,
)
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    import numpy as np

    from mien.commands.batch import Done
    from mien.fitting.config import FitConfig
    from mien.fitting.neutral_baseline import NeutralBaseline
    from mien.heads.model import Head
    from mien.looks.head_look import PersonLook
    from mien.tracking.save_tracks import VideoTracks
    from mien.tracking.track_file import SavedTrack


@dataclass(frozen=True)
class TrackVideosConfig:
    """Follow every head through a video.

    Writes NAME-overlay.mp4 (to judge the tracks by eye: with the sound, and people numbered as their files
    are) and per person NAME.glb (with the animation),
    NAME.npz, NAME.json and NAME.csv (Live Link Face); with several people NAME-1.glb, NAME-2.glb … A person
    who is seen in two shots is two tracks, unless --one-person says that there is only one. A track has the
    frames from the first to the last in which its person was seen.
    """

    videos: Positional[tuple[Path, ...]]
    """Videos to read."""
    one_person: bool = False
    """Follow a single person across cuts: one identity for the whole video."""
    whole_clip: bool = False
    """At the end, solve all frames of a track at once: person, focal length, poses and expressions together.
    Takes 20 ms and 1 to 2 MB for every frame, of at most 3000."""
    neutral_from_video: bool = False
    """Take for each person's rest what they do on the calmest quarter of their frames, as with
    --neutral-photo."""
    rest: Flat[NeutralPhotoOption] = NeutralPhotoOption()
    followed: Flat[HeadOption] = HeadOption()
    stillness: Flat[StillnessOptions] = StillnessOptions()
    collisions: Flat[CollisionOptions] = CollisionOptions()
    files: Flat[FileOptions] = FileOptions(("glb", "npz", "json", "csv"))
    mesh: Flat[MeshFileOptions] = MeshFileOptions()
    looks: Flat[TextureOptions] = TextureOptions()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    config = parse(TrackVideosConfig, arguments, prog="mien track")

    from mien.commands.batch import check_folder, check_some, print_outcome, run_batch
    from mien.commands.faces import check_formats
    from mien.commands.result_files import check_hair, check_mesh_files
    from mien.heads.fittable import fittable_head

    check_some(config.videos, what="video", usage="mien track clip.mp4 --out out")
    check_formats(config.files.formats, known=("glb", "json", "npz", "csv"))
    check_mesh_files(config.mesh, config.files.formats)
    config.looks.check()
    _fit_config(config)
    check_folder(config.output.out)
    head = fittable_head(config.followed.head)
    check_hair(config.looks, head)
    if config.neutral_from_video and config.rest.neutral_photo is not None:
        raise UsageError("--neutral-photo and --neutral-from-video both say what rest is; give one of them")
    rest = _rest_of_photo(config, head)
    batch = run_batch(
        config.videos,
        lambda path, stem: _track_video(path, stem, head=head, config=config, rest=rest),
        label="videos",
        quiet=True,  # each video shows its own progress
    )
    return print_outcome(
        batch,
        command="track",
        columns=("frames", "people", "tracked", "frames without a face", "frames/s", "start (s)"),
        output=config.output,
        next_step=_next_step(config),
    )


def _next_step(config: TrackVideosConfig) -> str:
    """What to do with the files that were written."""
    formats = config.files.formats
    hints = []
    if not config.files.no_overlay:
        hints.append("watch the -overlay.mp4 to judge the track")
    if "glb" in formats:
        hints.append("open the .glb in Blender or any glTF viewer to play the animation")
    if "csv" in formats:
        hints.append("the .csv holds ARKit weights per frame")
    whole = [f".{name}" for name in ("npz", "json") if name in formats]
    if whole:
        hints.append(f"the {' and '.join(whole)} {'holds' if len(whole) == 1 else 'hold'} everything")
    sentence = "; ".join(hints)
    lines = [sentence[:1].upper() + sentence[1:] + "."] if hints else []
    if "glb" in formats:
        lines.append(
            "Blender: set the scene's frame rate before importing, to the video's (for 23.98, 29.97 or 59.94 "
            "to 24, 30 or 60), or keys fall between frames. Times are the video's own: lay its sound at 0."
        )
    return "\n".join(lines)


def _track_video(
    path: Path, stem: str, *, head: Head, config: TrackVideosConfig, rest: NeutralBaseline | None
) -> Done:
    from mien.commands.batch import Done
    from mien.commands.display import progress_bar
    from mien.commands.result_files import dressed, write_result_files
    from mien.commands.track_overlay import write_overlay
    from mien.errors import InputError
    from mien.files.temporary import Temporary
    from mien.fitting.context import Context
    from mien.heads.fittable import without_landmark_points
    from mien.tracking.save_tracks import save_tracks

    out = config.output.out
    # what is not asked for goes with the folder; it lies beside the results, where there is room for them
    with Temporary.folder_beside(out / stem) as scratch:
        with progress_bar(f"track {path.name}", quiet=config.output.json) as report:
            found = save_tracks(
                path,
                scratch,
                name=stem,
                one_person=config.one_person,
                context=Context(head=head, config=_fit_config(config)),
                report=report,
            )
        if not found.tracks:
            raise InputError(f"no face was found in any frame: {_why_no_face(path)}", source=path)
        tracks = found.tracks
        if config.whole_clip:
            tracks = tuple(_solved_whole(track, head, config) for track in tracks)
            found = replace(found, tracks=tracks)
        files: list[Path] = []
        if config.files.no_overlay:
            complete = _is_complete(path)
        else:
            overlay = out / f"{stem}-overlay.mp4"
            with progress_bar(f"draw {path.name}", quiet=config.output.json) as report:
                complete = write_overlay(path, found, head, target=overlay, report=report)
            files.append(overlay)
        for track in tracks:
            person = _look_of(track, path, head, config)
            shown, look = dressed(without_landmark_points(head), person, config.looks)
            files += write_result_files(
                track,
                out,
                track.path.stem,
                formats=config.files.formats,
                mesh=config.mesh,
                head=shown,
                look=look,
                rest=_rest_of_track(track, head) if config.neutral_from_video else rest,
            )
    problem = None
    if not complete:
        problem = (
            f"{path}: damaged or cut short; {found.frame_count} frames could be read and were tracked; "
            "copy or download the video again for the rest"
        )
    people = [{"name": track.path.stem, **_facts(track)} for track in found.tracks]
    facts = {**_facts_of_all(found), "people": people, "complete": complete}
    return Done(files=tuple(files), row=_row(found), facts=facts, problem=problem)


def _rest_of_photo(config: TrackVideosConfig, head: Head) -> NeutralBaseline | None:
    """What --neutral-photo shows, with the settings of the fit."""
    if config.rest.neutral_photo is None:
        return None
    from mien.commands.result_files import rest_of_photo
    from mien.fitting.context import Context
    from mien.landmarks.landmarker import Landmarker

    landmarker = Landmarker("realtime")
    context = Context(head=head, landmarker=landmarker, config=_fit_config(config))
    return rest_of_photo(config.rest.neutral_photo, landmarker=landmarker, context=context)


def _solved_whole(track: SavedTrack, head: Head, config: TrackVideosConfig) -> SavedTrack:
    """The track with all its frames solved at once, in its own file."""
    from mien.commands.display import progress_bar
    from mien.fitting.context import Context
    from mien.tracking.track_file import open_track, write_track
    from mien.tracking.whole_clip import solve_whole

    with progress_bar(f"solve {track.path.stem}", quiet=config.output.json) as report:
        solved = solve_whole(
            track.load(), context=Context(head=head, config=_fit_config(config)), report=report
        )
    write_track(solved.parts(), track.path, expression_names=track.expression_names, folder=track.path.parent)
    return open_track(track.path)


def _rest_of_track(track: SavedTrack, head: Head) -> NeutralBaseline:
    from mien.fitting.neutral_baseline import NeutralBaseline

    return NeutralBaseline.of_track(track, head=head)


def _fit_config(config: TrackVideosConfig) -> FitConfig:
    return config.stillness.added_to(config.collisions.fit_config())


def _why_no_face(path: Path) -> str:
    """What is to be seen on the frame with most contrast among the first ones of each second."""
    from mien.images.video import open_video
    from mien.landmarks.landmarker import Landmarker
    from mien.landmarks.no_face import why_no_face

    best = None
    with open_video(path) as video:
        every = max(1, round(video.frames_per_second))
        for frame in video:
            if frame.index % every == 0 and (best is None or frame.image.std() > best.std()):
                best = frame.image
            if frame.index > 20 * every:
                break
    assert best is not None
    return why_no_face(best, Landmarker("realtime", turned=False), upright_only=True)


def _look_of(track: SavedTrack, path: Path, head: Head, config: TrackVideosConfig) -> PersonLook | None:
    """How a person looks, where a file shows it."""
    if config.looks.texture == "none" or "glb" not in config.files.formats:
        return None
    from mien.looks.track_look import track_person_look

    size_px = config.looks.texture_size
    return track_person_look(track, path, head, texture=config.looks.texture, size_px=size_px)


def _is_complete(path: Path) -> bool:
    from mien.images.video import open_video

    with open_video(path) as video:
        for _ in video:
            pass
        return not video.truncated


def _row(found: VideoTracks) -> tuple[str, ...]:
    seen = anyone_seen(found)
    lost = ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in runs_of(~seen))
    return (
        str(len(seen)),
        str(len(found.tracks)),
        f"{int(seen.sum())} ({seen.mean():.0%})",
        lost or "none",
        f"{found.frames_per_second:.2f}",
        f"{found.start_time_s:.2f}",
    )


def anyone_seen(found: VideoTracks) -> np.ndarray:
    """(F,) whether a frame of the video shows anyone who is tracked."""
    import numpy as np

    seen = np.zeros(found.frame_count, bool)
    for track in found.tracks:
        seen[track.first_frame : track.first_frame + len(track)] |= track.tracked
    return seen


def runs_of(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every stretch in which (F,) `mask` is True."""
    runs: list[tuple[int, int]] = []
    for index, inside in enumerate(mask):
        if not inside:
            continue
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs


def _facts_of_all(found: VideoTracks) -> dict[str, Any]:
    seen = anyone_seen(found)
    return {
        "frames": len(seen),
        "tracked": int(seen.sum()),
        "lost_frames": [int(index) for index in (~seen).nonzero()[0]],
        "frames_per_second": found.frames_per_second,
        "start_time_s": found.start_time_s,
    }


def _facts(track: SavedTrack) -> dict[str, Any]:
    return {
        "head_name": track.head_name,
        "head_version": track.head_version,
        "first_frame": track.first_frame,
        "frames": len(track),
        "tracked": int(track.tracked.sum()),
        "lost_frames": [track.first_frame + int(index) for index in (~track.tracked).nonzero()[0]],
        "frames_per_second": track.frames_per_second,
        "start_time_s": track.start_time_s,
        "focal_px": track.camera.focal_px,
    }
