"""The albedo model of skins that are known."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.head_building.albedo import build_albedo_model
from mien.heads.library import load_head
from mien.images.writing import write_image
from mien.looks.albedo_model import atlas_mark
from mien.looks.atlas import atlas_of
from mien.looks.colors import srgb_from_linear
from mien.looks.face_regions import face_regions
from mien.looks.skin_tones import tone_of


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A model of skins with red lips, black hair on dark ones, and blush in every other one."""
    head = load_head()
    folder = tmp_path_factory.mktemp("skins")
    regions, atlas = face_regions(head), atlas_of(head, 256)
    top = np.clip((head.mean_m[:, 1] - head.mean_m[:, 1].max() + 0.05) / 0.01, 0, 1) * regions.skin
    cheeks = np.exp(-(((np.abs(head.mean_m[:, 0]) - 0.045) / 0.012) ** 2)) * regions.face
    for number, level in enumerate((0.05, 0.06, 0.07, 0.08, 0.25, 0.3, 0.35, 0.4)):
        log_color = np.log(tone_of(level))[None] + regions.lips[:, None] * [0.1, -0.5, -0.4]
        log_color = log_color + (number % 2) * cheeks[:, None] * [0.1, -0.2, -0.2]
        log_color = log_color - top[:, None] * (1.6 if level < 0.1 else 0.3)
        picture = srgb_from_linear(atlas.interpolate(np.exp(log_color)))
        write_image(folder / f"number{number}_diffuse.png", picture)
        (folder / f"number{number}_diffuse.png").rename(folder / f"number{number}_diffuse.jpg")
    return head, build_albedo_model(head, folder, makehuman_uv=head.uv[head.uv_triangles])


def test_the_pattern_has_what_all_skins_share(built):
    head, model = built
    lips = face_regions(head).lips > 0.95
    assert 0.25 < (model.pattern[lips, 0] - model.pattern[lips, 1]).mean() < 0.7  # 0.6, and smoothed
    assert model.atlas == atlas_mark(head)


def test_the_first_mode_is_what_they_differ_in(built):
    head, model = built
    cheeks = (np.abs(np.abs(head.mean_m[:, 0]) - 0.045) < 0.005) & (face_regions(head).face > 0.9)
    chin = head.landmark_set("ibug68").vertices[8]
    mode = model.modes[0, :, 1]
    assert np.abs(mode[cheeks]).mean() > 2 * abs(mode[chin])


def test_hair_is_found_and_taken_out_of_the_skin(built):
    head, model = built
    crown = np.argmax(head.mean_m[:, 1])
    assert model.scalp[crown] > 0.5
    assert np.abs(model.pattern[crown]).max() < 0.35


def test_a_folder_without_skins_is_refused(tmp_path):
    head = load_head()
    with pytest.raises(InputError, match="no skins"):
        build_albedo_model(head, tmp_path, makehuman_uv=head.uv[head.uv_triangles])
