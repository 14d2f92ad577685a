"""Drawing posed views of a generator's latents, shard by shard."""

from __future__ import annotations

import importlib
import json
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.datasets.lifting.config import ViewsConfig
from mien.datasets.lifting.posed_views import SAMPLED, posed_views
from mien.errors import InputError, MienError
from mien.files import write_text
from mien.lifting.camera_space import LABEL_VIEWS_RAD, CameraSpace, label_cameras, many_label_cameras
from mien.lifting.generator import MultiViewGenerator
from mien.progress import Progress, ProgressReport, silent
from mien.reading.json_files import read_json_object
from mien.synthetic.scenes.drawing_workers import Draw, ShardJob, draw_shards

LATENTS_PER_SHARD = 50
_SAME = ("format_version", "generator", "label_views", "random_views", "size", "margin", "seed", "cameras")


def draw_views(config: ViewsConfig, *, report: ProgressReport = silent) -> list[Path]:
    """Write the shards that are not there yet; returns all of them. A folder can be continued and grown.

    Raises:
        InputError: the generator cannot be made, or the folder holds views of other settings.
        MienError: a process failed.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    path = config.out / "manifest.json"
    manifest = {"format_version": 1, **_plain(config), "cameras": asdict(_space_of(config))}
    if path.is_file():
        there = read_json_object(path)
        other = [name for name in _SAME if there.get(name) != json.loads(json.dumps(manifest[name]))]
        if other:
            raise InputError(
                f"holds views made with another {', '.join(other)}; choose another --out", source=config.out
            )
    write_text(path, json.dumps(manifest, indent=1))
    jobs = [
        ShardJob(
            config.out / f"views-{number:06d}.npz",
            config.first + begin,
            min(LATENTS_PER_SHARD, config.count - begin),
        )
        for number, begin in enumerate(range(0, config.count, LATENTS_PER_SHARD))
    ]
    waiting = [job for job in jobs if not job.path.exists()]
    done, total = config.count - sum(job.count for job in waiting), config.count
    report(Progress(done, total, "drawing"))

    def more(latents: int) -> None:
        nonlocal done
        done += latents
        report(Progress(done, total, "drawing"))

    lost = draw_shards(waiting, _Drawing(config), workers=config.workers, more=more)
    if lost:
        raise MienError(
            f"the processes that drew {', '.join(job.path.name for job in lost)} died; run again for these"
        )
    return [job.path for job in jobs]


def _plain(config: ViewsConfig) -> dict:
    values = asdict(config)
    for name in ("assets", "out", "workers", "fields"):
        values.pop(name)
    return {**values, "fields": [folder.name for folder in config.fields]}


@dataclass(frozen=True)
class _Drawing:
    """Sets up a generator in a process and draws shards with it."""

    config: ViewsConfig

    def __call__(self) -> Draw:
        config = self.config
        generator = make_generator(config)
        template_m = framing_template_m()

        def draw(job: ShardJob) -> Generator[None]:
            latents, fixed, drawn = [], [], []
            for latent in range(job.first, job.first + job.count):
                cameras, kinds = cameras_of(config, generator.space, latent, template_m)
                views = generator.views(latent, cameras)
                latents += [latent] * len(views)
                fixed += kinds
                drawn += views
                yield
            shard = posed_views(latents, fixed, drawn)
            replace(shard, exact_set=generator.exact_set or "").save(job.path)

        return draw


def cameras_of(
    config: ViewsConfig, space: CameraSpace, latent: int, template_m: np.ndarray
) -> tuple[list[Camera], list[int]]:
    """The cameras of a latent, and which fixed view each is."""
    shown_px = round(config.size * config.margin)
    if config.label_views == len(LABEL_VIEWS_RAD):
        cameras = label_cameras(space, size_px=shown_px)
    else:
        cameras = many_label_cameras(space, config.label_views, size_px=shown_px)
    kinds = list(range(len(cameras)))
    rng = np.random.default_rng([config.seed, latent])
    for _ in range(config.random_views):
        cameras.append(space.random_camera(rng, template_m, size_px=shown_px))
        kinds.append(SAMPLED)
    return [_with_margin(camera, config.size) for camera in cameras], kinds


def _with_margin(camera: Camera, size_px: int) -> Camera:
    """The same camera with a larger picture around its own."""
    return Camera.from_focal(
        camera.focal_px, width_px=size_px, height_px=size_px, camera_from_world=camera.camera_from_world
    )


def framing_template_m() -> np.ndarray:
    """(98, 3) the built-in mean head's landmarks: what cameras must frame."""
    from mien.heads.library import load_head

    head = load_head()
    return head.mean_m[head.landmark_set("wflw98").vertices]


def _space_of(config: ViewsConfig) -> CameraSpace:
    """The generator's cameras: a user's own generator says itself where they stand."""
    return make_generator(config).space if ":" in config.generator else config.cameras


def make_generator(config: ViewsConfig) -> MultiViewGenerator:
    """The generator that a configuration names.

    Raises:
        InputError: there is none of this name, or it lacks something.
    """
    if config.generator == "rendered":
        if config.assets is None:
            raise InputError("rendered heads need --assets, the folder of the assets", source="--generator")
        from mien.synthetic.multi_view import RenderedHeads

        return RenderedHeads(config.assets, size_px=config.size, space=config.cameras)
    if config.generator == "painted":
        from mien.synthetic.painted_points import PaintedHeads

        return PaintedHeads(size_px=config.size, space=config.cameras)
    if config.generator == "fields":
        from mien.datasets.lifting.field_generator import FieldGenerator

        return FieldGenerator(config.fields, space=config.cameras)
    module, _, name = config.generator.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            "is neither rendered, painted, fields nor a PACKAGE.MODULE:FUNCTION that can be imported: "
            f"{error}",
            source=config.generator,
        ) from error
    if not isinstance(made, MultiViewGenerator):
        raise InputError(
            "the function must return a generator with space, exact_set and views(latent, cameras)",
            source=config.generator,
        )
    return made
