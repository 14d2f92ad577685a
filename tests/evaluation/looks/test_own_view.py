"""The measure, and the benchmark that prints it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.evaluation.looks.own_view import measure, psnr_db
from mien.fitting.context import Context

PHOTO = Path(__file__).parents[3] / "examples" / "astronaut.jpg"


def test_psnr_counts_what_is_inside_alone():
    first = np.full((10, 10, 3), 100, np.uint8)
    second = first.copy()
    second[:5] = 0
    inside = np.zeros((10, 10), bool)
    inside[5:] = True
    assert psnr_db(first, second, inside) > 80
    second[5:] = 110
    assert psnr_db(first, second, inside) == pytest.approx(10 * np.log10(255**2 / 100))
    assert np.isnan(psnr_db(first, second, np.zeros((10, 10), bool)))


def test_a_photos_texture_is_nearer_to_it_than_skin_without_photo():
    view = measure(PHOTO, context=Context(), size_px=256, panel_px=96)
    assert view is not None
    assert view.psnr_db > view.albedo_psnr_db + 1
    assert view.row.shape[0] == 96


def test_the_benchmark_prints_and_draws(tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    assert main(["benchmark", "looks", str(PHOTO), "--side", "256", "--json", "--sheet", str(sheet)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["faces"][0]["name"] == "astronaut"
    assert document["not_found"] == []
    assert sheet.exists()


def test_a_folder_without_photos_is_refused(tmp_path, capsys):
    assert main(["benchmark", "looks", str(tmp_path)]) != 0
    assert "name photos" in capsys.readouterr().err
