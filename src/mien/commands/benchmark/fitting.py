"""`mien benchmark fitting`: how well and how fast heads are fitted, against exact geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import parse
from mien.commands.benchmark.output import print_json, print_table
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
class FittingConfig:
    """Accuracy of fits against exact geometry, agreement of the solvers, time and memory.

    The first two studies look at random MakeHuman people whom the built-in head was not learned from. They
    are drawn once, with --assets, and kept in --cache.
    """

    study: Literal["people", "pictures", "solvers", "sequence", "tracking", "intersection", "all"] = "all"
    """people: exact landmarks; pictures: a network's landmarks in rendered pictures; solvers: whether three
    solvers agree; sequence: a rig's recording solved offline; tracking: jitter and blinks; intersection:
    skin in eyeballs."""
    assets: Path | None = None
    """Folder that holds `ict_facekit/` and `makehuman/`; needed until people and pictures are in --cache."""
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
    models: tuple[str, ...] = ("realtime",)
    """Study pictures: landmark networks, shipped ones or paths of .onnx files."""
    frames: int = 520
    """Study sequence: frames."""
    cameras: int = 17
    """Study sequence: cameras."""
    photo: Path = Path("examples/astronaut.jpg")
    """Study tracking: a photo with a face, which noise turns into a clip of a still face."""
    clip: Path | None = None
    """Study tracking: a video in which a face is still for a while."""
    blink_people: int = 3
    """Study tracking: how many people blink in rendered videos."""
    write: Path | None = None
    """Put the tables into this page, for example docs/results/fitting.md."""
    sheet: Path | None = None
    """Study people: write a sheet of true and fitted heads here (.png or .jpg)."""
    json: bool = False
    """Print one JSON document to stdout and nothing else."""


def run(arguments: list[str]) -> int:
    """Run the chosen studies and return the exit code."""
    config = parse(FittingConfig, arguments, prog="mien benchmark fitting")
    if config.sheet is not None and config.sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError("--sheet: the name must end in .png or .jpg", source=config.sheet)
    if config.seed == 0:
        raise InputError("--seed 0 drew the people whom the head was learned from; choose another")
    documents: list[dict[str, Any]] = []
    for study in STUDIES if config.study == "all" else (config.study,):
        for part, table in _RUNNERS[study](config):
            documents.append(table.data)
            if not config.json:
                print_table(table.title, table.header, table.rows)
            if config.write is not None:
                from mien.evaluation.fitting.document import put_part

                put_part(config.write, part, table.markdown())
    if config.json:
        return print_json({"format_version": 1, "benchmark": "fitting", "studies": documents})
    return 0


def _run_people(config: FittingConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.exact_landmarks import study_exact_landmarks
    from mien.evaluation.fitting.tables import exact_landmarks_table

    photographer = _photographer(config, config.people)
    with _Progress(config, "fitting") as progress:
        result = study_exact_landmarks(photographer, set_name=config.landmarks, progress=progress)
    if config.sheet is not None:
        from mien.evaluation.fitting.sheet import draw_sheet
        from mien.images.writing import write_image

        pictured = min(config.people, config.picture_people)
        shown = range(0, pictured, max(1, pictured // 8))[:8]
        write_image(config.sheet, draw_sheet(photographer, result.neutral_m, shown, folder=config.cache))
    return [("people", exact_landmarks_table(result))]


def _run_pictures(config: FittingConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.predicted_landmarks import study_predicted_landmarks
    from mien.evaluation.fitting.tables import predicted_landmarks_table
    from mien.landmarks.landmarker import Landmarker
    from mien.synthetic.held_out_people.picture_files import picture_path

    photographer = _photographer(config, config.picture_people)
    crowd = photographer.crowd
    last = picture_path(config.cache, len(crowd) - 1, crowd.shot_count - 1)
    if config.assets is not None and not last.exists():
        from mien.synthetic.held_out_people.pictures import render_crowd

        with _Progress(config, "rendering") as progress:
            render_crowd(crowd, config.assets, config.cache, progress=progress)
    tables = []
    for model in config.models:
        with _Progress(config, f"landmarks of {model}, fits") as progress:
            result = study_predicted_landmarks(
                photographer, Landmarker(model), config.cache, network=model, progress=progress
            )
        tables.append((f"pictures-{Path(model).stem}", predicted_landmarks_table(result)))
    return tables


def _run_solvers(config: FittingConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.solvers import study_solvers
    from mien.evaluation.fitting.tables import solvers_table
    from mien.heads.library import load_head

    with _Progress(config, "solving") as progress:
        return [("solvers", solvers_table(study_solvers(load_head(), progress=progress)))]


def _run_sequence(config: FittingConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.rig_sequence import study_rig_sequence
    from mien.evaluation.fitting.tables import rig_sequence_table
    from mien.heads.library import load_head

    with _Progress(config, "solving") as progress:
        result = study_rig_sequence(
            load_head(), frames=config.frames, cameras=config.cameras, progress=progress
        )
    return [("sequence", rig_sequence_table(result))]


def _run_tracking(config: FittingConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.tracking_tables import blinks_table, jitter_table
    from mien.evaluation.tracking.blinks import landmark_blinks
    from mien.evaluation.tracking.still_faces import still_face_jitter, still_portrait
    from mien.fitting.context import Context
    from mien.heads.library import load_head
    from mien.images.photo import read_image
    from mien.landmarks.landmarker import Landmarker
    from mien.synthetic.held_out_people.blink_scripts import blink_script, scripted_landmarks

    context = Context(landmarker=Landmarker("realtime"))
    still = still_portrait(read_image(config.photo))
    clips = {"a photo with noise": still_face_jitter(still, context=context)}
    if config.clip is not None:
        clips[config.clip.stem] = still_face_jitter(config.clip, context=context)
    script = blink_script(load_head())
    blinks = {"made landmarks": landmark_blinks(script, scripted_landmarks(script))}
    if config.assets is not None or (config.cache / PEOPLE_FILE).exists():
        blinks["rendered videos"] = _blinks_in_videos(config)
    return [("jitter", jitter_table(clips)), ("blinks", blinks_table(blinks))]


def _blinks_in_videos(config: FittingConfig) -> BlinkAmplitude:
    from mien.evaluation.tracking.blinks import BlinkAmplitude, video_blinks
    from mien.images.video import open_video
    from mien.synthetic.held_out_people.blink_scripts import person_script, who_can_blink
    from mien.synthetic.held_out_people.picture_files import blinks_path

    photographer = _photographer(config, config.people)
    blinking = who_can_blink(photographer.people, config.blink_people)
    if config.assets is not None:
        from mien.synthetic.held_out_people.blinking import film_blinks

        with _Progress(config, "filming") as progress:
            film_blinks(photographer.crowd, config.assets, config.cache, people=blinking, progress=progress)
    clips = []
    for person in blinking:
        script = person_script(photographer.people, person)
        with open_video(blinks_path(config.cache, person)) as video:
            clips.append(video_blinks(script, (frame.image for frame in video)))
    return BlinkAmplitude.together(clips)


def _run_intersection(config: FittingConfig) -> list[tuple[str, Table]]:
    from mien.evaluation.fitting.collisions import study_collisions
    from mien.evaluation.fitting.tables import collisions_table

    photographer = _photographer(config, config.picture_people)
    with _Progress(config, "fitting") as progress:
        return [("intersection", collisions_table(study_collisions(photographer, progress=progress)))]


_RUNNERS: dict[str, Callable[[FittingConfig], list[tuple[str, Table]]]] = {
    "people": _run_people,
    "pictures": _run_pictures,
    "solvers": _run_solvers,
    "sequence": _run_sequence,
    "tracking": _run_tracking,
    "intersection": _run_intersection,
}


def _photographer(config: FittingConfig, count: int) -> Photographer:
    """The people of this seed: from the cache, or drawn now."""
    from mien.heads.library import load_head
    from mien.synthetic.held_out_people.crowd import Photographer, load_crowd, save_crowd

    path = config.cache / PEOPLE_FILE
    if not path.exists():
        if config.assets is None:
            raise InputError("the people are not drawn yet; add --assets FOLDER", source=path)
        from mien.synthetic.held_out_people.draw import draw_crowd

        everybody = max(config.people, config.picture_people)
        save_crowd(draw_crowd(config.assets, count=everybody, shots=config.shots, seed=config.seed), path)
    crowd = load_crowd(path)
    if crowd.seed != config.seed or len(crowd) < count or crowd.shot_count != config.shots:
        raise InputError(
            f"holds {len(crowd)} people of seed {crowd.seed} with {crowd.shot_count} pictures each, not what "
            "was asked for; choose another --cache folder",
            source=path,
        )
    return Photographer(crowd.first(count), load_head())


class _Progress:
    """A bar on stderr; nothing with --json."""

    def __init__(self, config: FittingConfig, label: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True, disable=config.json)
        self._task = self._bar.add_task(label, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._bar.start()
        return lambda done, total: self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
