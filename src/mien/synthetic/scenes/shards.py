"""Writing labelled pictures as WebDataset shards, by several processes.

A seed gives a picture, whichever process draws it.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.errors import InputError, MienError
from mien.files import atomic_path, check_folder_place, write_text
from mien.images.limits import decoded_picture
from mien.progress import Progress, ProgressReport, silent
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.regular_files import check_regular
from mien.synthetic.scenes.drawing_workers import TRIES, Draw, ShardJob, draw_shards
from mien.synthetic.scenes.drawn_face import LABEL_SET, DrawnFace, LabelMaps
from mien.synthetic.scenes.label_maps import part_names
from mien.synthetic.scenes.synth_config import MapName, SynthConfig

FORMAT_VERSION = 2
"""Of folders of shards: 2 has the landmarks of head 2.1, the mean head's and the person's weights."""
DRAWING_VERSION = 4
"""Changes whenever a seed gives another picture."""
SAMPLES_PER_SHARD = 500
DEPTH_UNIT_M = 0.0001
"""A step of a depth map's PNG."""


def write_shards(config: SynthConfig, *, report: ProgressReport = silent) -> list[Path]:
    """Write all shards that are not there yet; returns every shard's path.

    Args:
        report: told the number of pictures done, those that were there already among them.

    Raises:
        InputError: the folder holds shards of other settings, or the assets are not there.
        MienError: a worker failed, whose message is passed on, or died at the same shard again.
    """
    from mien.heads.library import load_head

    check_folder_place(config.out)
    head = load_head()
    manifest = {
        "format_version": FORMAT_VERSION,
        "set_name": LABEL_SET,
        "count": config.count,
        "picture_size": config.size,
        "drawing_version": DRAWING_VERSION,
        "head_name": head.name,
        "head_version": head.version,
        "seed": config.seed,
        "command": f"mien synth --count {config.count} --size {config.size} --seed {config.seed}",
    }
    if config.maps:
        manifest["maps"] = sorted(config.maps)
        manifest["command"] += f" --maps {' '.join(config.maps)}"
        manifest["part_names"] = part_names(head)
    refuse_other_settings(config.out, manifest)
    write_text(config.out / "manifest.json", json.dumps(manifest, indent=1))
    jobs = [
        ShardJob(config.out / f"shard-{shard:06d}.tar", first, min(SAMPLES_PER_SHARD, config.count - first))
        for shard, first in enumerate(range(0, config.count, SAMPLES_PER_SHARD))
    ]
    waiting = [job for job in jobs if not job.path.exists()]
    done = config.count - sum(job.count for job in waiting)
    report(Progress(done, config.count, "drawing"))

    def more(pictures: int) -> None:
        nonlocal done
        done += pictures
        report(Progress(done, config.count, "drawing"))

    try:
        lost = draw_shards(waiting, _Drawing(config), workers=config.workers, more=more)
    except InputError:
        if len(waiting) == len(jobs):  # nothing is there that it would tell of
            (config.out / "manifest.json").unlink(missing_ok=True)
        raise
    if lost:
        names = ", ".join(job.path.name for job in lost)
        raise MienError(
            f"the processes that drew {names} died {TRIES} times each (memory, or the OpenGL driver); all "
            "other shards are there: run again for these, or train without"
        )
    return [job.path for job in jobs]


@dataclass(frozen=True)
class _Drawing:
    """Sets up a studio in a process and draws shards in it."""

    config: SynthConfig

    def __call__(self) -> Draw:
        from mien.synthetic.scenes.studio import Studio

        cv2.setNumThreads(1)
        config = self.config
        studio = Studio(config.assets, size_px=config.size, maps=bool(config.maps))

        def draw(job: ShardJob) -> Generator[None]:
            with atomic_path(job.path) as temporary, tarfile.open(temporary, "w") as archive:
                for index in range(job.first, job.first + job.count):
                    sample = studio.shoot(config.seed + index)
                    add_sample(archive, f"{index:08d}", sample, maps=config.maps)
                    yield

        return draw


def refuse_other_settings(folder: Path, manifest: dict[str, Any]) -> None:
    """Shards that are there are kept, so they must be what would be drawn now; a folder may grow.

    Raises:
        InputError: they were drawn with other settings, or the folder's manifest is damaged.
    """
    path = folder / "manifest.json"
    if not path.exists() or not any(folder.glob("shard-*.tar")):
        return
    there = read_json_object(path, what="is not JSON; delete the folder or choose another --out")
    names = (
        "format_version",
        "set_name",
        "picture_size",
        "drawing_version",
        "head_name",
        "head_version",
        "seed",
        "maps",
    )
    other = [name for name in names if there.get(name) != manifest.get(name)]
    count = FileValues(there, source=path).integer("count", high=10**12) if "count" in there else 0
    if count > manifest["count"]:
        other.append("count")
    if other:
        raise InputError(
            f"these shards were drawn with another {', '.join(other)}; choose another --out or delete them",
            source=folder,
        )
    if count < manifest["count"] and count % SAMPLES_PER_SHARD:
        # The last shard was not full: it is drawn anew with more, the same ones first.
        (folder / f"shard-{count // SAMPLES_PER_SHARD:06d}.tar").unlink(missing_ok=True)


def add_sample(
    archive: tarfile.TarFile, key: str, sample: DrawnFace, *, maps: tuple[MapName, ...] = ()
) -> None:
    """Append a sample's KEY.jpg, .mask.png, .json, an .npy for each array, and a .png for each map."""

    def add(suffix: str, data: bytes) -> None:
        info = tarfile.TarInfo(f"{key}.{suffix}")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))

    def array(values: np.ndarray) -> bytes:
        stream = io.BytesIO()
        np.save(stream, values)
        return stream.getvalue()

    # Encoded in memory, straight into the archive: hundreds of thousands of pictures are not files.
    picture = cv2.cvtColor(sample.picture, cv2.COLOR_RGB2BGR)
    add("jpg", cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    add("mask.png", cv2.imencode(".png", sample.mask)[1].tobytes())
    for name in maps:
        assert sample.maps is not None
        add(f"{name}.png", cv2.imencode(".png", _picture_of(sample.maps, name))[1].tobytes())
    add("points.npy", array(sample.points_px))
    add("visibility.npy", array(sample.visibility))
    add("posed_mean.npy", array(sample.posed_mean_px))
    add("identity.npy", array(sample.identity))
    add("expression.npy", array(sample.expression))
    add("json", json.dumps(sample.details).encode())


def _picture_of(maps: LabelMaps, name: MapName) -> np.ndarray:
    """A map as a PNG holds it; OpenCV writes colours in the order blue, green, red."""
    if name == "depth":
        return np.rint(np.minimum(maps.depth_m / DEPTH_UNIT_M, 65535)).astype(np.uint16)
    if name == "normals":
        there = maps.depth_m[..., None] > 0
        return (np.rint(maps.normals * 127 + 128) * there)[..., ::-1].astype(np.uint8)
    return maps.parts


def contact_sheet_of(shards: list[Path], *, count: int = 64) -> np.ndarray:
    """(H, W, 3) RGB sheet of the first pictures."""
    from mien.drawing import contact_sheet

    pictures: list[np.ndarray] = []
    for path in shards:
        size_bytes = check_regular(path)
        damaged = "cannot be read as a tar shard; delete it"
        with damage_named(path, damaged), tarfile.open(path, "r:") as archive:
            for member in archive:
                if not member.name.endswith(".jpg") or len(pictures) >= count:
                    continue
                stream = archive.extractfile(member) if 0 < member.size < size_bytes else None
                if stream is None:
                    raise InputError(damaged, source=path)
                pictures.append(decoded_picture(stream.read(), source=f"{path}: {member.name}"))
        if len(pictures) >= count:
            break
    return contact_sheet(pictures, columns=8)
