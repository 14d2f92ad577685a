"""The sheet of true and fitted heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.evaluation.fitting.sheet import FULL_MM, draw_shape, draw_sheet, error_colors
from mien.images.writing import write_image
from mien.synthetic.held_out_people.crowd import Photographer
from mien.synthetic.held_out_people.picture_files import picture_path


def test_colors_go_from_blue_to_red_and_stop():
    colors = error_colors(np.array([0, FULL_MM, 9 * FULL_MM, 1.0]), np.array([True, True, True, False]))
    assert colors[0].argmax() == 2
    assert colors[1].argmax() == 0
    np.testing.assert_array_equal(colors[1], colors[2])
    assert len(set(colors[3])) == 1


def test_a_row_a_person_with_the_picture_first(photographer: Photographer, tmp_path: Path):
    shapes_m = np.stack([photographer.head.mean_m] * 2)
    write_image(picture_path(tmp_path, 0, 0), np.full((100, 100, 3), (250, 0, 0), np.uint8))
    sheet = draw_sheet(photographer, shapes_m, [0], folder=tmp_path)
    assert (sheet[50, 60] == [250, 0, 0]).all()
    assert sheet.shape[1] > 6.5 * sheet.shape[0]


def test_the_head_is_in_the_middle(photographer: Photographer):
    drawn = draw_shape(photographer.head, photographer.head.mean_m, yaw_rad=0.0).astype(int)
    covered = np.abs(drawn - drawn[0, 0]).sum(axis=2) > 30
    assert 0.3 < covered.mean() < 0.8
    assert abs(np.flatnonzero(covered.any(axis=0)).mean() - (drawn.shape[1] - 1) / 2) < 2
