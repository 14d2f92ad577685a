"""Bands of identity modes, on people of whom a known share of some modes is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.errors import InputError, ShapeError
from mien.evaluation.landmarks.identity_bands import BANDS, KnownPerson, band_figures, views
from mien.heads.library import load_head

SIZE_PX = 256


@pytest.fixture(scope="module")
def seen():
    """What is known of four people, and a function that gives their landmarks with their identity changed."""
    head = load_head()
    vertices = head.landmark_set("dense320").vertices[::2]
    camera = Camera.from_focal(
        400.0, width_px=SIZE_PX, height_px=SIZE_PX, camera_from_world=PICTURE_CAMERA_FROM_WORLD
    )
    points = head.subset(vertices)
    rng = np.random.default_rng(3)
    parameters = [
        replace(
            head.neutral(),
            identity=0.3 * rng.normal(size=head.identity_count),
            expression=0.2 * rng.uniform(size=head.expression_count),
            root_rotation=np.array([0.05, yaw, 0.02]),
            root_translation_m=np.array([0.01, 0.0, -0.6]),
        )
        for yaw in (-0.1, 0.0, 0.4, 0.8)
    ]

    def landmarks(change=lambda identity: identity):
        return [
            camera.project(points.vertices_m(replace(one, identity=change(one.identity))))
            for one in parameters
        ]

    people = [
        KnownPerson.of(head, vertices, one, camera, px)
        for one, px in zip(parameters, landmarks(), strict=True)
    ]
    return people, landmarks


def similar(points_px: np.ndarray, number: int) -> np.ndarray:
    """Elsewhere, larger and turned."""
    turn = 0.3 * number
    matrix = (1 + 0.2 * number) * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points_px @ matrix.T + [7.0 * number, -3.0]


def test_exact_landmarks_show_everything_wherever_they_lie(seen):
    people, landmarks = seen
    figures = band_figures(people, [similar(points, index) for index, points in enumerate(landmarks())])
    assert set(figures) == {"all", *(name for name, _, _ in BANDS)}
    for each in figures.values():
        assert each.slope == pytest.approx(1, abs=1e-6)
        assert each.explained == pytest.approx(1, abs=1e-6)
    assert sum(figures[name].share for name, _, _ in BANDS) == pytest.approx(1)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_shrunk_person_has_that_slope(seen, share):
    people, landmarks = seen
    figures = band_figures(people, landmarks(lambda identity: share * identity))
    for each in figures.values():
        assert each.slope == pytest.approx(share, abs=0.06)
        assert each.explained == pytest.approx(1 - (1 - share) ** 2, abs=0.06)


def test_what_misses_a_band_is_seen_in_that_band(seen):
    people, landmarks = seen

    def without(first, last):
        def change(identity):
            changed = identity.copy()
            changed[first:last] = 0
            return changed

        return change

    # Higher modes share directions with lower ones, so what they lack is missing in lower bands too.
    figures = band_figures(people, landmarks(without(8, None)))
    assert figures["9-30"].slope < 0.2
    assert figures["rest"].slope < 0.2
    figures = band_figures(people, landmarks(without(0, 2)))
    assert figures["1-2"].slope < 0.5
    for name in ("3-8", "9-30", "rest"):
        assert figures[name].slope == pytest.approx(1, abs=0.1)


def test_frontal_and_turned():
    assert views([0.0, np.radians(19), np.radians(-30), np.radians(59), np.radians(80)]) == {
        "frontal": [0, 1],
        "turned": [2, 3],
    }


def test_wrong_people_are_named(seen):
    people, landmarks = seen
    head = load_head()
    with pytest.raises(InputError, match="at least one"):
        band_figures([], [])
    with pytest.raises(ShapeError, match="one for each"):
        band_figures(people, landmarks()[:2])
    vertices = head.landmark_set("ibug68").vertices
    other = replace(head.neutral(), identity=np.zeros(7))
    camera = Camera.from_focal(400.0, width_px=9, height_px=9, camera_from_world=PICTURE_CAMERA_FROM_WORLD)
    with pytest.raises(InputError, match="7 identity modes"):
        KnownPerson.of(head, vertices, other, camera, np.zeros((68, 2)))
