"""Bodies that are no heads: distances, volumes, pictures, where the search looks at them, what is counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.commands.benchmark import field_landmarks as command
from mien.errors import InputError
from mien.evaluation.fields import rejection
from mien.evaluation.fields.held_out_fields import TestField
from mien.evaluation.fields.volume_fields import volume_as_field
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import Box
from mien.landmarks_in_fields.coarse_search import Guess
from mien.landmarks_in_fields.config import FieldNetworkConfig
from mien.landmarks_in_fields.predict import FieldLandmarker
from mien.landmarks_in_fields.types import Landmarks3D
from mien.progress import Progress
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.negatives.solid_pictures import photograph_solid
from mien.synthetic.negatives.solid_volume import solid_volume
from mien.synthetic.negatives.solids import SHAPES, Part, Solid, random_solid
from mien.synthetic.negatives.things import things
from mien.synthetic.scenes.posed_scene import cameras_around
from mien.training.landmarks_in_fields import batches, searched_boxes
from mien.training.landmarks_in_fields.batches import BatchMaker
from mien.training.landmarks_in_fields.box_sampling import COARSE_POOL, LoadedVolume
from mien.training.landmarks_in_fields.negatives import RandomSolids
from mien.training.landmarks_in_fields.searched_boxes import TurnedVolume, searched_head
from mien.training.landmarks_in_fields.training import new_network
from mien.training.landmarks_in_fields.volume_sampler import VolumeSampler

SIZES = {"ring": (0.08, 0.02, 0.0), "cup": (0.06, 0.07, 0.01), "cone": (0.06, 0.07, 0.02)}
VOLUMES = {
    "ellipsoid": 4 / 3 * np.pi * 0.05 * 0.06 * 0.07,
    "brick": 8 * 0.05 * 0.06 * 0.07,
    "cylinder": np.pi * 0.05**2 * 0.12,
    "cone": np.pi * 0.14 / 3 * (0.06**2 + 0.06 * 0.02 + 0.02**2),
    "ring": 2 * np.pi**2 * 0.08 * 0.02**2,
    "cup": np.pi * (0.06**2 * 0.14 - 0.05**2 * 0.13),
}


def usual_m() -> np.ndarray:
    head = load_head()
    return head.mean_m[head.landmark_set("ict68").vertices]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_have_their_volumes(shape: str):
    part = Part(shape, SIZES.get(shape, (0.05, 0.06, 0.07)), (0.01, -0.02, 0.03))
    turned = Part(shape, part.size_m, part.centre_m, matrix_from_rotation_vector(np.array([0.5, 1.0, -0.3])))
    points_m = np.random.default_rng(0).uniform(-0.15, 0.15, (400_000, 3))
    for one in (part, turned):
        distance_m = one.distance_m(points_m)
        assert (distance_m < 0).mean() * 0.3**3 == pytest.approx(VOLUMES[shape], rel=0.03)
        inside_m = points_m[distance_m < 0]
        assert np.linalg.norm(inside_m - part.centre_m, axis=1).max() <= one.reach_m


def test_bodies_are_their_parts_and_their_mirror_images():
    ball = Part("ellipsoid", (0.03, 0.03, 0.03), (0.06, 0.0, 0.0), color=(1, 0, 0))
    brick = Part("brick", (0.05, 0.01, 0.01), color=(0, 1, 0))
    points_m = np.array([[0.06, 0, 0.02], [-0.06, 0, 0.02], [0.0, 0, 0.0], [0.0, 0.05, 0.0]])
    one_sided, both = Solid((ball, brick)), Solid((ball, brick), symmetric=True)
    np.testing.assert_array_equal(one_sided.distance_m(points_m) < 0, [True, False, True, False])
    np.testing.assert_array_equal(both.distance_m(points_m) < 0, [True, True, True, False])
    np.testing.assert_allclose(both.colors(points_m)[:3], [[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    low, high = both.bounds_m(margin_m=0)
    assert low[0] <= -0.09
    assert high[0] >= 0.09


def test_random_bodies_differ_and_fit_their_bounds():
    rng = np.random.default_rng(3)
    bodies = [random_solid(rng) for _ in range(30)]
    assert {part.shape for body in bodies for part in body.parts} == set(SHAPES)
    assert 5 < sum(body.symmetric for body in bodies) < 25
    for body in bodies:
        low, high = body.bounds_m(margin_m=0.0)
        points_m = rng.uniform(low - 0.05, high + 0.05, (4000, 3))
        outside = ((points_m < low) | (points_m > high)).any(axis=1)
        assert (body.distance_m(points_m[outside]) > 0).all()
        colors = body.colors(points_m[:100])
        assert colors.min() >= 0
        assert colors.max() <= 1


def test_volumes_of_bodies_look_like_cleaned_fields():
    apart = Part("ellipsoid", (0.015, 0.015, 0.015), (0.0, 0.14, 0.0), color=(1, 0, 0))
    volume = solid_volume(Solid((Part("ellipsoid", (0.09, 0.09, 0.09), color=(0, 0.5, 1)), apart)), usual_m())
    assert volume is not None
    occupancy, color = volume.rgba[..., 3] / 255, volume.rgba[..., :3]
    assert occupancy.sum() * volume.voxel_m**3 == pytest.approx(4 / 3 * np.pi * 0.09**3, rel=0.02)
    assert color[..., 0].max() == 0  # what does not touch the largest part is gone
    assert (color <= volume.rgba[..., 3:]).all()  # premultiplied
    middle = np.rint(-volume.low_m / volume.voxel_m).astype(int)
    assert tuple(volume.rgba[tuple(middle)]) == (0, 0, 0, 255)  # no picture sees that deep
    assert solid_volume(Solid((Part("ellipsoid", (0.01, 0.01, 0.01)),)), usual_m()) is None


def test_things_are_whole_and_none_is_a_head():
    assert len(things()) == 20
    for name, thing in things().items():
        volume = solid_volume(thing, usual_m())
        assert volume is not None, name
        low_m, high_m = thing.bounds_m()
        points_m = np.random.default_rng(0).uniform(low_m, high_m, (60_000, 3))
        drawn = (thing.distance_m(points_m) < 0).mean() * np.prod(high_m - low_m)
        kept = (volume.rgba[..., 3] / 255).sum() * volume.voxel_m**3
        assert kept == pytest.approx(drawn, rel=0.12), name  # its parts touch


def test_pictures_show_where_a_body_is_and_how_it_is_lit():
    camera = cameras_around(np.zeros(3), count=3, size_px=64, radius_m=0.15, azimuth_rad=0.1)[1]
    picture = photograph_solid(Solid((Part("ellipsoid", (0.1, 0.1, 0.1), color=(1, 0.5, 0)),)), camera)
    radius_px = camera.focal_px * 0.1 / np.sqrt(1 - 0.1**2)
    assert picture[..., 3].sum() / 255 == pytest.approx(np.pi * radius_px**2, rel=0.01)
    rows, columns = np.nonzero(picture[..., 3] > 127)
    assert rows.mean() == pytest.approx(31.5, abs=0.1)
    assert columns.mean() == pytest.approx(31.5, abs=0.1)
    shown = picture[..., 3] > 250
    assert (picture[shown, 2] == 0).all()
    assert picture[20, 32, 0] > picture[44, 32, 0]  # the light comes from above
    nothing = photograph_solid(Solid((Part("brick", (0.01, 0.01, 0.01), (0, 5, 0)),)), camera)
    assert nothing.max() == 0


@pytest.fixture
def body() -> LoadedVolume:
    """Not the same from any two sides."""
    parts = (
        Part("brick", (0.08, 0.03, 0.05)),
        Part("ellipsoid", (0.03, 0.06, 0.03), (0.05, 0.05, 0.02), color=(1, 0, 0)),
    )
    volume = solid_volume(Solid(parts), usual_m())
    assert volume is not None
    return LoadedVolume.of(volume)


def test_a_turned_volume_looks_turned(body: LoadedVolume, monkeypatch):
    monkeypatch.setattr(searched_boxes, "roughen", lambda volumes, _: volumes)
    turn = matrix_from_rotation_vector(np.array([0.3, -0.8, 0.2]))
    turned = TurnedVolume(body, turn, -np.inf, None, 0)
    upright = TurnedVolume(body, np.eye(3), -np.inf, None, 0)
    assert turned.radius_m == pytest.approx(upright.radius_m)
    np.testing.assert_allclose(turned.centre_m, turn @ upright.centre_m)
    box = Box(upright.centre_m, 0.12, np.eye(3))
    expected = upright.overview(box, 12)
    torch.testing.assert_close(turned.overview(Box(turned.centre_m, 0.12, turn), 12), expected)
    assert not torch.allclose(turned.overview(Box(turned.centre_m, 0.12, np.eye(3)), 12), expected, atol=0.1)
    assert expected[3].max() > 0.9


def test_what_the_search_finds_is_told_in_the_volumes_frame(body: LoadedVolume, monkeypatch):
    rotation = matrix_from_rotation_vector(np.array([0.0, 0.4, 0.0]))

    def guesses(_: object, seen: TurnedVolume) -> list[Guess]:
        turn = seen.field_from_volume
        return [Guess(usual_m() @ turn.T, turn @ rotation, np.eye(4)[:3], 1.0, np.zeros(68))]

    monkeypatch.setattr(searched_boxes, "coarse_guesses", guesses)
    network = new_network(FieldNetworkConfig(size=8, width=4, features=32))
    for seed in range(3):
        points_m, found = searched_head(network, body, np.random.default_rng(seed))
        np.testing.assert_allclose(points_m, usual_m(), atol=1e-12)
        np.testing.assert_allclose(found, rotation, atol=1e-12)


def test_the_search_looks_at_the_likeliest_heads_first(body: LoadedVolume):
    torch.manual_seed(0)
    network = new_network(FieldNetworkConfig(size=8, width=4, features=32)).eval()
    turned = TurnedVolume(body, np.eye(3), -np.inf, None, 0)
    with torch.no_grad():
        every = searched_boxes.coarse_guesses(network, turned)
        alone = searched_boxes.coarse_guesses(network, turned, upright=True, passes=0)
    assert 2 <= len(every) <= 4
    assert [one.logit for one in every] == sorted((one.logit for one in every), reverse=True)
    assert len(alone) == 1


class _Bank(VolumeSampler):
    """One volume in memory."""

    def __init__(self, volume: LoadedVolume) -> None:
        self.volumes = [volume]


def _maker(volume: LoadedVolume) -> BatchMaker:
    torch.manual_seed(0)
    coarse = new_network(FieldNetworkConfig(size=8, width=4, features=32)).eval()
    return BatchMaker(_Bank(volume), stage="fine", size=8, coarse=coarse)


def test_boxes_where_the_search_finds_a_head_are_of_one_or_not(body: LoadedVolume, monkeypatch):
    for name, value in (("OBJECTS", 0.0), ("FACELESS", 0.0), ("WRONG", 0.0), ("SEARCHED", 1.0)):
        monkeypatch.setattr(batches, name, value)
    shift_m = {"value": 0.0}

    def found(*_: object, **__: object) -> tuple[np.ndarray, np.ndarray]:
        return usual_m() + [shift_m["value"], 0, 0], np.eye(3)

    monkeypatch.setattr(batches, "searched_head", found)
    maker = _maker(body)
    near = maker.draw(3, 0)
    assert near.is_head.tolist() == [1, 1, 1]
    np.testing.assert_allclose(near.landmarks[0].mean(dim=0), 0, atol=1e-6)  # cut where the search says
    shift_m["value"] = 0.05
    far = _maker(body).draw(3, 1)
    assert far.is_head.tolist() == [0, 0, 0]


def test_things_that_are_no_heads_are_cut_where_the_search_takes_them_for_one(
    body: LoadedVolume, monkeypatch
):
    monkeypatch.setattr(batches, "OBJECTS", 1.0)
    asked = []

    def found(_: object, volume: LoadedVolume, *__: object, **___: object) -> tuple[np.ndarray, np.ndarray]:
        asked.append(volume)
        return usual_m(), np.eye(3)

    monkeypatch.setattr(batches, "searched_head", found)
    batch = _maker(body).draw(6, 0)
    assert 3 <= len(asked) <= 6
    assert not batch.is_head.any()


def test_objects_are_kept_for_use_again(monkeypatch):
    from mien.training.landmarks_in_fields import negatives as objects

    monkeypatch.setattr(objects, "MADE", 2)
    monkeypatch.setattr(objects, "ANOTHER", 1.0)
    store, rng = RandomSolids(usual_m()), np.random.default_rng(0)
    assert len({id(store.random(rng)) for _ in range(12)}) == 2


def test_a_cut_may_bulge_and_be_tinted(body: LoadedVolume):
    points_m = np.array([[0, 0, 0.0], [0, 0, 0.02], [0.1, 0, 0.0]])
    np.testing.assert_allclose(FaceCut(0.01, bulge_per_m=3.0).depth_m(points_m), [0.01, -0.01, -0.02])
    box = Box(np.zeros(3), 0.06, np.eye(3))
    tinted = body.sample(box, 24, level=1, face_cut=FaceCut(0.0, tint=(0, 0, 1)))
    solid = tinted[3, :, :, 11] > 0.4
    assert solid.any()
    torch.testing.assert_close(tinted[2, :, :, 11][solid], tinted[3, :, :, 11][solid])
    assert tinted[3, :, :, 14:].max() == 0
    assert body.sample(box, 24, level=COARSE_POOL)[3, :, :, 14:].max() > 0.5


def test_a_field_without_its_face_is_empty_in_front(body: LoadedVolume):
    volume = solid_volume(Solid((Part("brick", (0.05, 0.05, 0.05)),)), usual_m())
    assert volume is not None
    field = volume_as_field(volume)
    cut = rejection.FacelessField(field, FaceCut(0.01))
    points_m = torch.tensor([[0.0, 0, -0.02], [0.0, 0, 0.02]])
    density, _ = cut.density_and_color(points_m, torch.zeros(2, 3))
    whole, _ = field.density_and_color(points_m, torch.zeros(2, 3))
    assert density[0] == whole[0] > 0
    assert density[1] == 0 < whole[1]
    np.testing.assert_array_equal(cut.bounds_m, field.bounds_m)


def _say(source: object) -> Landmarks3D:
    """A stand-in for the networks: takes everything that is no `FacelessField` for a head."""
    if isinstance(source, rejection.FacelessField):
        return Landmarks3D.none_found(0.25)
    return Landmarks3D(usual_m(), 0.9, True, np.eye(4)[:3], usual_m(), np.full(68, 0.003))


@pytest.fixture
def few_things(monkeypatch) -> None:
    monkeypatch.setattr(
        rejection, "things", lambda: {"ball": Solid((Part("ellipsoid", (0.08, 0.08, 0.08)),))}
    )
    monkeypatch.setattr(rejection, "RANDOM_BODIES", 2)
    monkeypatch.setattr(rejection, "FieldLandmarker", lambda *_: _say)


def test_rejection_counts_what_is_taken_for_a_head(few_things, monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setattr(rejection, "_trained_things", lambda _: [("jug", None), ("chair", None)])
    head = volume_as_field(solid_volume(Solid((Part("ellipsoid", (0.08, 0.1, 0.09)),)), usual_m()))
    monkeypatch.setattr(TestField, "field", lambda self: head)
    fields = [TestField(tmp_path, person, "smile", usual_m()) for person in range(6)]
    kinds = rejection.measure_rejection(tmp_path, fields)
    assert [(kind.has_head, len(kind.names), sum(kind.found)) for kind in kinds] == [
        (False, 2, 2),
        (False, 1, 1),
        (False, 2, 2),
        (False, 2, 0),
        (True, 2, 2),
    ]
    monkeypatch.setattr("mien.evaluation.fields.held_out_fields.read_test_fields", lambda _: fields)
    assert command.run(["--data", str(tmp_path), "--rejection"]) == 0
    table = capsys.readouterr().out
    assert "jug 0.90, chair 0.90" in table
    assert "heads without a face" in table
    assert command.run(["--data", str(tmp_path), "--rejection", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kinds"][3]["confidences"] == [0.25, 0.25]


def test_missing_fields_of_things_are_asked_for(few_things, tmp_path: Path):
    with pytest.raises(InputError, match="--make --assets"):
        rejection.measure_rejection(tmp_path, [])


def test_fields_of_things_are_trained_once(few_things, monkeypatch, tmp_path: Path):
    from mien.fields.config import FieldConfig

    monkeypatch.setattr(rejection, "VIEWS", 6)
    monkeypatch.setattr(rejection, "SIZE_PX", 24)
    short = FieldConfig(resolutions=(12,), upsample_at=(), iterations=8, rays_per_step=128)
    monkeypatch.setattr(FieldConfig, "preset", staticmethod(lambda _: short))
    said: list[Progress] = []
    assert rejection.make_things(tmp_path, report=said.append) == 1
    assert [(progress.done, progress.total) for progress in said] == [(0, 1), (1, 1)]
    assert rejection.make_things(tmp_path) == 0
    ((name, field),) = rejection._trained_things(tmp_path)
    assert name == "ball"
    np.testing.assert_allclose(field.bounds_m.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("name", ["cone", "jug", "teddy"])
def test_the_shipped_networks_take_no_thing_for_a_head(name: str):
    volume = solid_volume(things()[name], usual_m())
    assert volume is not None
    found = FieldLandmarker()(volume_as_field(volume))
    assert not found.found
    assert found.confidence < 0.3
    assert np.isnan(found.points_m).all()
