"""Shards: what is written is read back; work is resumed, failures are told."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.datasets.crops.layout import load_layout
from mien.datasets.crops.shards import FaceStore, read_shard
from mien.errors import InputError, MienError
from mien.heads.library import load_head
from mien.progress import Progress
from mien.synthetic.scenes import shards
from mien.synthetic.scenes.drawn_face import LABEL_SET, DrawnFace, LabelMaps
from mien.synthetic.scenes.shards import (
    DEPTH_UNIT_M,
    DRAWING_VERSION,
    add_sample,
    contact_sheet_of,
    write_shards,
)
from mien.synthetic.scenes.synth_config import SynthConfig

SIZE_PX = 48


def fake_sample(seed: int) -> DrawnFace:
    rng = np.random.default_rng(seed)
    head = load_head()
    points_m = head.mean_m[head.landmark_set(LABEL_SET).vertices]
    points_px = points_m[:, :2] * [1, -1] * 160 + SIZE_PX / 2 + rng.normal(size=2)
    picture = cv2.resize(rng.integers(0, 256, (4, 4, 3), np.uint8), (SIZE_PX, SIZE_PX))
    return DrawnFace(
        picture=np.asarray(picture, np.uint8),
        mask=rng.integers(0, 256, (SIZE_PX, SIZE_PX), np.uint8),
        points_px=points_px.astype(np.float32),
        posed_mean_px=(points_px + 1).astype(np.float32),
        identity=rng.normal(size=head.identity_count).astype(np.float16),
        expression=rng.random(head.expression_count).astype(np.float16),
        visibility=rng.integers(0, 4, len(points_px), np.uint8),
        details={"seed": seed, "yaw_rad": 0.5, "hair": None},
        maps=fake_maps(rng),
    )


def fake_maps(rng: np.random.Generator) -> LabelMaps:
    """Maps of a face in the middle of a picture."""
    there = np.zeros((SIZE_PX, SIZE_PX), bool)
    there[10:40, 12:30] = True
    normals = rng.normal(size=(SIZE_PX, SIZE_PX, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return LabelMaps(
        depth_m=(rng.uniform(0.3, 3.0, there.shape) * there).astype(np.float32),
        normals=(normals * there[..., None]).astype(np.float32),
        parts=(rng.integers(1, 9, there.shape) * there).astype(np.uint8),
    )


class FakeStudio:
    """Draws `fake_sample`s; fails at the seed `broken`."""

    broken: int | None = None

    def __init__(self, assets: Path, *, size_px: int, maps: bool) -> None:
        assert size_px == SIZE_PX

    def shoot(self, seed: int) -> DrawnFace:
        if seed == self.broken:
            raise InputError("no such hair", source="bob03")
        return fake_sample(seed)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SynthConfig:
    """Seven pictures in shards of three, drawn in this process with a fake studio."""

    def draw_here(jobs, begin, *, workers, more):
        draw = begin() if jobs else None
        for job in jobs:
            for _ in draw(job):
                more(1)
        return []

    monkeypatch.setattr(shards, "draw_shards", draw_here)
    monkeypatch.setattr("mien.synthetic.scenes.studio.Studio", FakeStudio)
    monkeypatch.setattr(shards, "SAMPLES_PER_SHARD", 3)
    monkeypatch.setattr(FakeStudio, "broken", None)
    monkeypatch.setattr(cv2, "setNumThreads", lambda _: None)
    monkeypatch.setenv("LP_NUM_THREADS", "1")
    return SynthConfig(assets=tmp_path, count=7, out=tmp_path / "out", size=SIZE_PX, seed=100, workers=2)


def test_sample_comes_back(tmp_path: Path):
    sample = fake_sample(3)
    with tarfile.open(tmp_path / "shard-000000.tar", "w") as archive:
        add_sample(archive, "00000003", sample)
    with tarfile.open(tmp_path / "shard-000000.tar") as archive:
        content = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    arrays = ("points", "visibility", "posed_mean", "identity", "expression")
    kinds = ("jpg", "mask.png", *(f"{name}.npy" for name in arrays), "json")
    assert set(content) == {f"00000003.{kind}" for kind in kinds}
    mask = cv2.imdecode(np.frombuffer(content["00000003.mask.png"], np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, sample.mask)
    assert json.loads(content["00000003.json"]) == sample.details


def test_maps_come_back(config: SynthConfig):
    names = ("depth", "normals", "parts")
    paths = write_shards(SynthConfig(**{**vars(config), "maps": names}))
    with tarfile.open(paths[0]) as archive:
        content = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    read = [
        cv2.imdecode(np.frombuffer(content[f"00000001.{name}.png"], np.uint8), cv2.IMREAD_UNCHANGED)
        for name in names
    ]
    depth, normals, parts = (np.asarray(picture) for picture in read)
    maps = fake_sample(101).maps
    assert maps is not None
    np.testing.assert_allclose(depth * DEPTH_UNIT_M, maps.depth_m, atol=DEPTH_UNIT_M)
    unit = (normals[..., ::-1].astype(float) - 128) / 127 * (depth[..., None] > 0)
    np.testing.assert_allclose(unit, maps.normals, atol=0.005)
    np.testing.assert_array_equal(parts, maps.parts)
    manifest = json.loads((config.out / "manifest.json").read_text())
    assert manifest["maps"] == sorted(names)
    assert manifest["part_names"][:2] == ["background", "skin"]
    assert "--maps depth normals parts" in manifest["command"]
    assert len(read_shard(paths[0], load_layout(LABEL_SET))) == 3  # training reads past them
    with pytest.raises(InputError, match="another maps"):
        write_shards(config)


def test_training_reads_what_was_written(config: SynthConfig):
    paths = write_shards(config)
    assert [p.name for p in paths] == [f"shard-{i:06d}.tar" for i in range(3)]
    layout = load_layout(LABEL_SET)
    read = [read_shard(path, layout) for path in paths]
    assert [len(r) for r in read] == [3, 3, 1]
    assert [d["seed"] for r in read for d in r.details] == list(range(100, 107))
    face, sample = read[1].face(2), fake_sample(105)
    np.testing.assert_array_equal(face.points_px, sample.points_px)
    np.testing.assert_array_equal(face.visibility, sample.visibility)
    np.testing.assert_array_equal(face.posed_mean_px, sample.posed_mean_px)
    known = read[1].details[2]
    np.testing.assert_array_equal(known["identity"], sample.identity.astype(float))
    np.testing.assert_array_equal(known["expression"], sample.expression.astype(float))
    assert np.abs(face.picture.astype(float) - sample.picture).mean() < 4  # RGB, up to JPEG's losses


def test_manifest_says_what_is_in_the_shards(config: SynthConfig):
    write_shards(config)
    manifest = json.loads((config.out / "manifest.json").read_text())
    head = load_head()
    assert manifest == {
        "format_version": 2,
        "drawing_version": DRAWING_VERSION,
        "set_name": "dense703",
        "count": 7,
        "picture_size": SIZE_PX,
        "head_name": head.name,
        "head_version": head.version,
        "seed": 100,
        "command": f"mien synth --count 7 --size {SIZE_PX} --seed 100",
    }
    assert not list(config.out.glob("*.part*"))


def test_progress_counts_up_to_the_end(config: SynthConfig):
    seen: list[Progress] = []
    write_shards(config, report=seen.append)
    assert [progress.done for progress in seen] == list(range(8))
    assert {progress.total for progress in seen} == {7}


def test_only_missing_shards_are_drawn(config: SynthConfig, monkeypatch: pytest.MonkeyPatch):
    paths = write_shards(config)
    before = [path.read_bytes() for path in paths]
    paths[1].unlink()
    monkeypatch.setattr(FakeStudio, "broken", 100)  # the first shard must not be drawn again
    seen: list[Progress] = []
    write_shards(config, report=seen.append)
    assert [progress.done for progress in seen] == [4, 5, 6, 7]
    samples = [read_shard(path, load_layout(LABEL_SET)) for path in paths]
    assert samples[1].details[0]["seed"] == 103
    assert [path.read_bytes() for path in (paths[0], paths[2])] == [before[0], before[2]]
    paths_again = write_shards(config, report=seen.append)
    assert paths_again == paths
    assert [progress.done for progress in seen[4:]] == [7]


def test_a_shard_that_cannot_be_drawn_is_named(config: SynthConfig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shards, "draw_shards", lambda jobs, *_, **__: jobs[1:2])
    with pytest.raises(MienError, match=r"drew shard-000001\.tar died 2 times"):
        write_shards(config)


def test_shards_of_older_formats_are_refused(config: SynthConfig):
    write_shards(config)
    manifest = config.out / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format_version": 1}))
    with pytest.raises(InputError, match=r"shards of format 1.*mien synth"):
        FaceStore([config.out], load_layout(LABEL_SET)).refresh()


@pytest.mark.parametrize(
    ("change", "named"),
    [({"seed": 5}, "seed"), ({"count": 3}, "count")],
    ids=["seed", "fewer"],
)
def test_other_settings_are_refused(config: SynthConfig, change: dict, named: str):
    write_shards(config)
    other = SynthConfig(**{**vars(config), **change})
    with pytest.raises(InputError, match=f"another {named}"):
        write_shards(other)


@pytest.mark.parametrize("count", [6, 7])
def test_folders_grow(config: SynthConfig, count: int):
    """Whole shards stay; one that was not full is drawn anew, its first pictures the same."""
    before = [path.read_bytes() for path in write_shards(SynthConfig(**{**vars(config), "count": count}))]
    paths = write_shards(SynthConfig(**{**vars(config), "count": 9}))
    assert [path.read_bytes() for path in paths[:2]] == before[:2]
    grown = read_shard(paths[2], load_layout(LABEL_SET))
    assert [detail["seed"] for detail in grown.details] == [106, 107, 108]
    np.testing.assert_array_equal(grown.face(0).points_px, fake_sample(106).points_px)
    assert json.loads((config.out / "manifest.json").read_text())["count"] == 9


def test_contact_sheet_shows_the_first_pictures(config: SynthConfig):
    sheet = contact_sheet_of(write_shards(config), count=4)
    assert sheet.dtype == np.uint8
    assert sheet.shape[2] == 3
    first = fake_sample(100).picture.astype(float)
    best = min(
        np.abs(sheet[r : r + SIZE_PX, c : c + SIZE_PX] - first).mean() for r in range(12) for c in range(12)
    )
    assert best < 4
