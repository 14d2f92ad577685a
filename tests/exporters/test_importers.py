"""Exported files in programs of others, as far as these are installed (tools/check_glb.py says how)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mien.exporters.files import export
from tools.glb_importers.expected import Expected
from tools.glb_importers.importers import IMPORTERS, Tools


@pytest.fixture(scope="module", params=["fit", "look", "track"])
def file(request, dressed_head, dressed_fit, track, look, tmp_path_factory):
    folder = tmp_path_factory.mktemp("importers")
    result = replace(track, head_name="dressed") if request.param == "track" else dressed_fit
    with_look = look if request.param == "look" else None
    return export(result, folder / f"{request.param}.glb", head=dressed_head, look=with_look)


@pytest.mark.slow
@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda importer: importer.__name__)
def test_importers_find_what_the_file_says(importer, file, tmp_path):
    report = importer(file, Expected.of(file), Tools.default(), tmp_path)
    if report.skipped:
        pytest.skip(report.skipped)
    assert not report.problems
    if report.picture is not None:
        picture = np.asarray(Image.open(report.picture).convert("RGB"))
        assert picture.std() > 5  # something is seen


def test_what_a_file_says_is_read(dressed_head, dressed_fit, look, tmp_path):
    path = export(dressed_fit, tmp_path / "face.glb", head=dressed_head, look=look)
    expected = Expected.of(path)
    assert expected.targets == dressed_head.expression_names
    assert expected.triangles == len(dressed_head.triangles)
    assert expected.materials == ("skin", "eyes", "cornea", "hair")
    assert (expected.textures, expected.animations, expected.cameras) == (4, 0, 1)
