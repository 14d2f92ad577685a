"""`mien benchmark fitting`: how well and how fast heads are fitted, against exact geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.held_out_people import photographer_of, render_pictures
from mien.commands.benchmark.network_names import told_apart
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import HeldOutPeopleOptions, JsonOption, NetworksOption, PhotoOption, SheetOption
from mien.files import OutputFile
from mien.synthetic.held_out_people.picture_files import PEOPLE_FILE

if TYPE_CHECKING:
    from mien.evaluation.fitting.tables import Table
    from mien.evaluation.tracking.blinks import BlinkAmplitude
    from mien.synthetic.held_out_people.crowd import Photographer

STUDIES = ("people", "pictures", "solvers", "sequence", "tracking", "intersection")
TUNING_SEED = 7001
"""People of this seed may be used for choosing weights; never measure on them."""


@dataclass(frozen=True)
class FittingBenchmarkConfig:
    """Accuracy of fits against exact geometry, agreement of the solvers, time and memory.

    The first two studies look at random MakeHuman people whom the built-in head was not learned from. They
    are drawn once, with --assets, and kept in --cache.
    """

    study: Literal["people", "pictures", "solvers", "sequence", "tracking", "intersection", "all"] = "all"
    """people: exact landmarks (--sheet shows true and fitted heads); pictures: a network's landmarks in
    rendered pictures; solvers: whether three solvers agree; sequence: a rig's recording solved offline;
    tracking: jitter (noise turns --photo into a clip of a still face) and blinks; intersection: skin in
    eyeballs."""
    picture_people: int = 40
    """Study pictures: how many of them are rendered."""
    landmarks: str = "dense703"
    """Study people: which exact landmarks are fitted."""
    frames: int = 520
    """Study sequence: frames."""
    cameras: int = 17
    """Study sequence: cameras."""
    clip: Path | None = None
    """Study tracking: a video in which a face is still for a while."""
    blink_people: int = 3
    """Study tracking: how many people blink in rendered videos."""
    write: OutputFile | None = None
    """Put the tables into this page, for example docs/results/fitting.md."""
    networks: Flat[NetworksOption] = NetworksOption()
    drawn: Flat[HeldOutPeopleOptions] = HeldOutPeopleOptions()
    shown: Flat[PhotoOption] = PhotoOption()
    pictured: Flat[SheetOption] = SheetOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the chosen studies and return the exit code."""
    config = parse(FittingBenchmarkConfig, arguments, prog="mien benchmark fitting")
    config.pictured.check()
    config.drawn.check()
    documents: list[dict[str, Any]] = []
    for study in STUDIES if config.study == "all" else (config.study,):
        for part, table in _RUNNERS[study](config):
            documents.append(table.data)
            if not config.output.json:
                print_table(table.header, table.rows, title=table.title)
            if config.write is not None:
                from mien.evaluation.fitting.document import put_part

                put_part(config.write, part, table.markdown())
    if config.output.json:
        return print_json({"format_version": 1, "benchmark": "fitting", "studies": documents})
    print_written(
        [path for path in (config.write, config.pictured.sheet) if path is not None and path.exists()]
    )
    return 0


def _run_people(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.exact_landmarks import study_exact_landmarks
    from mien.evaluation.fitting.tables import exact_landmarks_table

    photographer = _photographer(config, config.drawn.people)
    with progress_bar("fitting", quiet=config.output.json) as report:
        result = study_exact_landmarks(photographer, set_name=config.landmarks, report=report)
    if config.pictured.sheet is not None:
        from mien.evaluation.fitting.sheet import draw_sheet
        from mien.images.writing import write_image

        pictured = min(config.drawn.people, config.picture_people)
        shown = range(0, pictured, max(1, pictured // 8))[:8]
        write_image(
            config.pictured.sheet,
            draw_sheet(photographer, result.neutral_m, shown, folder=config.drawn.cache),
        )
    return [("people", exact_landmarks_table(result))]


def _run_pictures(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.predicted_landmarks import study_predicted_landmarks
    from mien.evaluation.fitting.tables import predicted_landmarks_table
    from mien.landmarks.landmarker import Landmarker

    photographer = _photographer(config, config.picture_people)
    render_pictures(config.drawn, photographer, quiet=config.output.json)
    tables = []
    for shown, model in told_apart(config.networks.models).items():
        with progress_bar(f"landmarks of {model}, fits", quiet=config.output.json) as report:
            result = study_predicted_landmarks(
                photographer, Landmarker(model), config.drawn.cache, network=model, report=report
            )
        tables.append((f"pictures-{shown}", predicted_landmarks_table(result)))
    return tables


def _run_solvers(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.solvers import study_solvers
    from mien.evaluation.fitting.tables import solvers_table
    from mien.heads.library import load_head

    with progress_bar("solving", quiet=config.output.json) as report:
        return [("solvers", solvers_table(study_solvers(load_head(), report=report)))]


def _run_sequence(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.rig_sequence import study_rig_sequence
    from mien.evaluation.fitting.tables import rig_sequence_table
    from mien.heads.library import load_head

    with progress_bar("solving", quiet=config.output.json) as report:
        result = study_rig_sequence(load_head(), frames=config.frames, cameras=config.cameras, report=report)
    return [("sequence", rig_sequence_table(result))]


def _run_tracking(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.tracking_tables import blinks_table, jitter_table
    from mien.evaluation.tracking.blinks import landmark_blinks
    from mien.evaluation.tracking.still_faces import still_face_jitter, still_portrait
    from mien.fitting.context import Context
    from mien.heads.library import load_head
    from mien.images.photo import read_image
    from mien.landmarks.landmarker import Landmarker
    from mien.synthetic.held_out_people.blink_scripts import blink_script, scripted_landmarks

    context = Context(landmarker=Landmarker("realtime"))
    still = still_portrait(read_image(config.shown.photo))
    clips = {"a photo with noise": still_face_jitter(still, context=context)}
    if config.clip is not None:
        clips[config.clip.stem] = still_face_jitter(config.clip, context=context)
    script = blink_script(load_head())
    blinks = {"made landmarks": landmark_blinks(script, scripted_landmarks(script))}
    if config.drawn.assets is not None or (config.drawn.cache / PEOPLE_FILE).exists():
        blinks["rendered videos"] = _blinks_in_videos(config)
    return [("jitter", jitter_table(clips)), ("blinks", blinks_table(blinks))]


def _blinks_in_videos(config: FittingBenchmarkConfig) -> BlinkAmplitude:
    from mien.evaluation.tracking.blinks import BlinkAmplitude, video_blinks
    from mien.images.video import open_video
    from mien.synthetic.held_out_people.blink_scripts import person_script, who_can_blink
    from mien.synthetic.held_out_people.picture_files import blinks_path

    photographer = _photographer(config, config.drawn.people)
    blinking = who_can_blink(photographer.people, config.blink_people)
    if config.drawn.assets is not None:
        from mien.synthetic.held_out_people.blinking import film_blinks

        with progress_bar("filming", quiet=config.output.json) as report:
            film_blinks(
                photographer.crowd, config.drawn.assets, config.drawn.cache, people=blinking, report=report
            )
    clips = []
    for person in blinking:
        script = person_script(photographer.people, person)
        with open_video(blinks_path(config.drawn.cache, person)) as video:
            clips.append(video_blinks(script, (frame.image for frame in video)))
    return BlinkAmplitude.together(clips)


def _run_intersection(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.collisions import study_collisions
    from mien.evaluation.fitting.tables import collisions_table

    photographer = _photographer(config, config.picture_people)
    with progress_bar("fitting", quiet=config.output.json) as report:
        return [("intersection", collisions_table(study_collisions(photographer, report=report)))]


_RUNNERS: dict[str, Callable[[FittingBenchmarkConfig], list[tuple[str, Table]]]] = {
    "people": _run_people,
    "pictures": _run_pictures,
    "solvers": _run_solvers,
    "sequence": _run_sequence,
    "tracking": _run_tracking,
    "intersection": _run_intersection,
}


def _photographer(config: FittingBenchmarkConfig, count: int) -> Photographer:
    return photographer_of(
        config.drawn, count=count, at_least=config.picture_people, quiet=config.output.json
    )
