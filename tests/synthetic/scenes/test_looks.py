"""Skin tones, lines, clothes and the maps that they are drawn with."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.looks.skin_tones import tone_of
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.clothing import OUTFITS, WHOLE, below_hem, random_outfit
from mien.synthetic.scenes.collars import all_collars
from mien.synthetic.scenes.face_maps import NEUTRAL, SIZE_PX, chart_of, face_maps
from mien.synthetic.scenes.skin_detail import Wrinkler, random_skin_details
from mien.synthetic.scenes.skin_tones import LUMINANCE, linear, mean_tone, random_tone, tint_for


def expression(**weights: float) -> np.ndarray:
    names = load_head().expression_names
    return np.array([weights.get(name, 0.0) for name in names])


@pytest.mark.parametrize("level", [0.03, 0.1, 0.3, 0.5])
def test_skin_is_a_brown_of_its_lightness(level: float):
    tone = tone_of(level)
    assert tone @ LUMINANCE == pytest.approx(level)
    assert tone[0] > tone[1] > tone[2]
    assert tone[0] / tone[2] < 2.8  # not orange


def test_dark_and_light_skins_share_the_range():
    rng = np.random.default_rng(0)
    dark, light = (np.array([random_tone(d, rng) @ LUMINANCE for _ in range(200)]) for d in (True, False))
    assert dark.min() < 0.05
    assert light.max() > 0.4
    assert dark.mean() < light.mean() / 2


def test_tint_brings_a_picture_to_a_tone():
    rng = np.random.default_rng(1)
    picture, uv = rng.integers(60, 200, (16, 16, 3), np.uint8), rng.random((300, 2))
    mean, tone = mean_tone(picture, uv), np.array([0.2, 0.12, 0.08])
    for saturation in (0.6, 1.0):
        shown = tint_for(tone, mean, saturation) * (mean @ LUMINANCE * (1 - saturation) + saturation * mean)
        np.testing.assert_allclose(shown, tone)
    assert linear(np.array([0.0, 1.0])).tolist() == [0, 1]


def test_lines_follow_expression_side_and_age():
    head, young = load_head(), Wrinkler(age=0.1, depth=1.0, crease=1.0)
    old = Wrinkler(age=0.9, depth=1.0, crease=1.0)
    rest = young.lines(head, expression(), "Left")
    for name, group, channel in (
        ("browInnerUp", "lines", 0),
        ("browOuterUpLeft", "lines", 1),
        ("browDownLeft", "lines", 2),
        ("cheekSquintLeft", "lines", 3),
        ("mouthSmileLeft", "folds", 0),
        ("mouthFrownLeft", "folds", 3),
    ):
        moved = young.lines(head, expression(**{name: 1.0}), "Left")
        assert getattr(moved, group)[channel] > getattr(rest, group)[channel] + 0.2, name
    assert young.lines(head, expression(mouthSmileLeft=1.0), "Right") == young.lines(
        head, expression(), "Right"
    )
    aged = old.lines(head, expression(), "Left")
    assert all(a >= b for a, b in zip(aged.lines + aged.folds, rest.lines + rest.folds, strict=True))
    closed = young.lines(head, expression(eyeBlinkLeft=1.0), "Left")
    assert closed.folds[2] < 0.5 * rest.folds[2]  # the lid's crease unfolds


def test_details_repeat_and_suit_the_skin():
    head, names = load_head(), ("young_lightskinned_female_diffuse", "old_darkskinned_male_diffuse")
    for name in names:
        first, second = (
            random_skin_details(head, expression(), name, np.random.default_rng(4)) for _ in range(2)
        )
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[k], second[k]) for k in first)
    still = [
        np.mean([random_skin_details(head, expression(), n, rng)["lines_left"] for _ in range(20)])
        for n, rng in zip(names, (np.random.default_rng(0), np.random.default_rng(0)), strict=True)
    ]
    assert still[1] > 3 * still[0]


def test_maps_are_empty_where_there_is_no_face():
    maps = face_maps(load_head())
    assert set(maps) == {shaders.LINES, shaders.FOLDS, shaders.PAINT}
    for unit, picture in maps.items():
        assert picture.shape == (SIZE_PX, SIZE_PX, 4)
        border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        np.testing.assert_array_equal(border, 0 if unit == shaders.PAINT else NEUTRAL)
        np.testing.assert_allclose(picture, picture[:, ::-1].astype(int), atol=3)  # both halves alike
        assert all(np.ptp(picture[..., channel]) > 60 for channel in range(4))


def test_lips_are_painted_on_the_lips():
    head = load_head()
    lips = face_maps(head)[shaders.PAINT][..., 0]
    chart = chart_of(head)
    ict68 = head.landmark_set("ict68").vertices

    def painted(vertices: np.ndarray) -> np.ndarray:
        column, row = (chart[vertices] * [1, -1] + [0, 1]).T * SIZE_PX
        return lips[row.astype(int), column.astype(int)]

    assert painted(ict68[61:64]).min() > 200
    assert painted(ict68[[8, 30, 27, 36, 45]]).max() == 0
    back = (head.mean_m[:, 2] < -0.02) & (head.vertex_parts == 0)
    assert (np.abs(chart[back] - 0.5).max(axis=1) > 0.42).all()
    # no triangle of the back spans the face
    triangles = head.triangles[back[head.triangles].all(axis=1)]
    middle = np.abs(chart[triangles].mean(axis=1) - 0.5).max(axis=1)
    assert middle.min() > 0.42


def test_outfits_come_as_often_as_they_should():
    rng = np.random.default_rng(0)
    drawn = [random_outfit(rng) for _ in range(600)]
    assert sum(OUTFITS.values()) == pytest.approx(1)
    for name, share in OUTFITS.items():
        assert np.mean([n == name for n, _ in drawn]) == pytest.approx(share, abs=0.05)
    keys = {layer.key for _, layers in drawn for layer in layers}
    around = {"shirt collar", "open collar", "polo neck", "jacket collar", "hood", "neck scarf"}
    assert keys == {"layer 0", "layer 1"} | around
    for name, layers in drawn:
        if name == "suit":  # the jacket stands off further than the shirt, and opens lower
            shirt, jacket = (
                next(layer for layer in layers if layer.key == key) for key in ("layer 0", "layer 1")
            )
            assert jacket.puff_m > shirt.puff_m
            assert jacket.cut[0] < shirt.cut[0]


def test_a_neckline_is_lowest_in_the_middle_of_the_front():
    cut = (-0.25, 1.5, 0.0, -0.11)
    places = np.array([[0.0, -0.2], [0.0, -0.3], [0.05, -0.2], [0.0, -0.2]])
    z = np.array([0.06, 0.06, 0.06, -0.08])
    below = below_hem(places, np.stack([np.ones(4), z], axis=1), cut)
    assert below.tolist() == pytest.approx([-0.05, 0.05, 0.025, 0.09])
    assert (below_hem(places, np.stack([np.ones(4), z], axis=1), WHOLE) > 1).all()


def test_collars_go_around_the_neck():
    head = load_head()
    neck_m = head.mean_m[(head.vertex_parts == 0) & (head.mean_m[:, 1] < -0.085)]
    turn, y = (a.ravel() for a in np.meshgrid(np.linspace(0, 6.28, 60), np.linspace(-0.14, -0.32, 40)))
    radius = 0.06 + 0.5 * (-0.14 - y)
    shoulders_m = np.stack([np.sin(turn) * radius, y, np.cos(turn) * radius], axis=1)
    collars = all_collars(np.concatenate([neck_m, shoulders_m]))
    for name, collar in collars.items():
        points_m = collar.mesh.vertices_m
        assert len(collar.shade) == len(points_m)
        assert np.isfinite(points_m).all()
        assert np.abs(points_m[:, 0].mean()) < 0.003
        assert points_m[:, 0].max() < 0.16, name
        assert points_m[:, 2].min() < -0.05  # behind the neck
    # a buttoned collar closes in front, a jacket's does not
    front = {name: c.mesh.vertices_m[c.mesh.vertices_m[:, 2] > 0.02] for name, c in collars.items()}
    assert np.abs(front["shirt collar"][:, 0]).min() < 0.012
    assert np.abs(front["jacket collar"][:, 0]).min() > 0.02
