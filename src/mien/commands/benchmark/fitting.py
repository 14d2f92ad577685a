"""`mien benchmark fitting`: how well and how fast heads are fitted, against exact geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import AssetsOption, JsonOption, NetworksOption, PhotoOption, SheetOption
from mien.errors import InputError
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
    cache: Path = Path("out/benchmark-fitting")
    """Folder for drawn people and rendered pictures."""
    people: int = 100
    """Study people: how many, half of them like those that the head was learned from, half wider."""
    picture_people: int = 40
    """Study pictures: how many of them are rendered."""
    shots: int = 4
    """Pictures of each person."""
    seed: int = 2024
    """Who the people are. 0 built the head and 7001 is for choosing weights."""
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
    write: Path | None = None
    """Put the tables into this page, for example docs/results/fitting.md."""
    networks: Flat[NetworksOption] = NetworksOption()
    makers: Flat[AssetsOption] = AssetsOption()
    shown: Flat[PhotoOption] = PhotoOption()
    pictured: Flat[SheetOption] = SheetOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the chosen studies and return the exit code."""
    config = parse(FittingBenchmarkConfig, arguments, prog="mien benchmark fitting")
    config.pictured.check()
    if config.seed == 0:
        raise InputError("--seed 0 drew the people whom the head was learned from; choose another")
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

    photographer = _photographer(config, config.people)
    with progress_bar("fitting", quiet=config.output.json) as report:
        result = study_exact_landmarks(photographer, set_name=config.landmarks, report=report)
    if config.pictured.sheet is not None:
        from mien.evaluation.fitting.sheet import draw_sheet
        from mien.images.writing import write_image

        pictured = min(config.people, config.picture_people)
        shown = range(0, pictured, max(1, pictured // 8))[:8]
        write_image(
            config.pictured.sheet, draw_sheet(photographer, result.neutral_m, shown, folder=config.cache)
        )
    return [("people", exact_landmarks_table(result))]


def _run_pictures(config: FittingBenchmarkConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.predicted_landmarks import study_predicted_landmarks
    from mien.evaluation.fitting.tables import predicted_landmarks_table
    from mien.landmarks.landmarker import Landmarker
    from mien.synthetic.held_out_people.picture_files import picture_path

    photographer = _photographer(config, config.picture_people)
    crowd = photographer.crowd
    last = picture_path(config.cache, len(crowd) - 1, crowd.shot_count - 1)
    if config.makers.assets is not None and not last.exists():
        from mien.synthetic.held_out_people.pictures import render_crowd

        with progress_bar("rendering", quiet=config.output.json) as report:
            render_crowd(crowd, config.makers.assets, config.cache, report=report)
    tables = []
    for model in config.networks.models:
        with progress_bar(f"landmarks of {model}, fits", quiet=config.output.json) as report:
            result = study_predicted_landmarks(
                photographer, Landmarker(model), config.cache, network=model, report=report
            )
        tables.append((f"pictures-{Path(model).stem}", predicted_landmarks_table(result)))
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
    if config.makers.assets is not None or (config.cache / PEOPLE_FILE).exists():
        blinks["rendered videos"] = _blinks_in_videos(config)
    return [("jitter", jitter_table(clips)), ("blinks", blinks_table(blinks))]


def _blinks_in_videos(config: FittingBenchmarkConfig) -> BlinkAmplitude:
    from mien.evaluation.tracking.blinks import BlinkAmplitude, video_blinks
    from mien.images.video import open_video
    from mien.synthetic.held_out_people.blink_scripts import person_script, who_can_blink
    from mien.synthetic.held_out_people.picture_files import blinks_path

    photographer = _photographer(config, config.people)
    blinking = who_can_blink(photographer.people, config.blink_people)
    if config.makers.assets is not None:
        from mien.synthetic.held_out_people.blinking import film_blinks

        with progress_bar("filming", quiet=config.output.json) as report:
            film_blinks(
                photographer.crowd, config.makers.assets, config.cache, people=blinking, report=report
            )
    clips = []
    for person in blinking:
        script = person_script(photographer.people, person)
        with open_video(blinks_path(config.cache, person)) as video:
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
    """The people of this seed: from the cache, or drawn now."""
    from mien.heads.library import load_head
    from mien.synthetic.held_out_people.crowd import Photographer, load_crowd, save_crowd

    path = config.cache / PEOPLE_FILE
    if not path.exists():
        if config.makers.assets is None:
            raise InputError("the people are not drawn yet; add --assets FOLDER", source=path)
        from mien.synthetic.held_out_people.draw import draw_crowd

        everybody = max(config.people, config.picture_people)
        with progress_bar(quiet=config.output.json) as report:
            crowd = draw_crowd(
                config.makers.assets, count=everybody, shots=config.shots, seed=config.seed, report=report
            )
        save_crowd(crowd, path)
    crowd = load_crowd(path)
    if crowd.seed != config.seed or len(crowd) < count or crowd.shot_count != config.shots:
        raise InputError(
            f"holds {len(crowd)} people of seed {crowd.seed} with {crowd.shot_count} pictures each, not what "
            "was asked for; choose another --cache folder",
            source=path,
        )
    return Photographer(crowd.first(count), load_head())
