"""Contour and brows of iBUG's and WFLW's sets at the places of labels."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.labelled_places import IBUG_PLACES_MM, WFLW_PLACES_MM, moved
from mien.heads.library import load_head


def test_landmarks_and_their_partners_move_to_the_nearest_allowed_vertex():
    left = np.array([[1, 0, 0], [2, 0, 0], [3, 0, 0]])
    found = moved(
        np.array([5, 2, 6]),  # right, left, middle
        {1: (1900.0, 0.0, 0.0)},
        own_mirror=np.array([1, 0, 2]),
        among=np.array([0, 2, 3, 5, 6]),
        mean_m=np.concatenate([left, left * [-1, 1, 1], [[0, 0, 0]]]).astype(float),
        mirror=np.array([3, 4, 5, 0, 1, 2, 6]),
    )
    # Vertex 1 is nearest but not allowed; 0 is 0.9 from the place and 2 is 1.1.
    assert found.tolist() == [3, 0, 6]


@pytest.mark.parametrize(
    ("name", "places", "staying"),
    [("ibug68", IBUG_PLACES_MM, {*range(36, 48)}), ("wflw98", WFLW_PLACES_MM, {*range(60, 76), 96, 97})],
)
def test_the_built_in_sets_lie_at_the_places(name, places, staying):
    head = load_head()
    chosen = head.landmark_set(name)
    assert {*places, *chosen.mirror[list(places)].tolist()} == {*range(len(chosen))} - staying
    again = moved(
        chosen.vertices,
        places,
        own_mirror=chosen.mirror,
        among=np.flatnonzero(head.vertex_parts == head.part_names.index("skin")),
        mean_m=head.mean_m,
        mirror=head.mirror_vertices,
    )
    np.testing.assert_array_equal(again, chosen.vertices)
    points_mm = 1000 * head.mean_m[chosen.vertices[list(places)]]
    assert np.linalg.norm(points_mm - np.array(list(places.values())), axis=1).max() < 1
