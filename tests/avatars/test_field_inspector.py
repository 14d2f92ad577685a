"""The picture of local fields: what it shows is what the fields are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="avatars need torch")

from mien.avatars.avatar import AvatarFacts
from mien.avatars.field_avatar import FieldAvatar
from mien.avatars.field_inspector import draw_fields, write_fields_page
from mien.avatars.files import save_avatar
from mien.avatars.model import AvatarModel
from mien.avatars.rig import AvatarRig
from mien.avatars.space import head_bounds_m
from mien.commands.app import main
from mien.errors import InputError
from mien.fields.grids.occupancy import Occupancy
from mien.heads.library import load_head
from mien.images.photo import read_image
from tests.avatars.talking_head import talking_head
from tests.avatars.test_avatars import TINY
from tests.viewer.chromium import Chromium, chromium_path


def avatar(points: int = 5) -> FieldAvatar:
    rig = AvatarRig(np.zeros(load_head().identity_count), points=points)  # pyright: ignore[reportArgumentType]
    config = TINY.variant({5: "five", 34: "ours", 1: "global"}[points], TINY)
    model = AvatarModel(config, rig, head_bounds_m(rig), observed=Occupancy.full(4), frames=2, resolution=6)
    return FieldAvatar(model, camera=talking_head().camera(0), facts=AvatarFacts())


def test_every_weight_that_a_field_sees_is_a_filled_cell():
    one = avatar(34)
    picture = draw_fields(one)
    one.model.fields.masks[:] = 1  # pyright: ignore[reportOptionalMemberAccess]
    everything = draw_fields(one)
    bright = [(each.max(axis=2) > 200).sum() for each in (picture, everything)]
    assert bright[0] < 0.8 * bright[1]
    assert picture.shape == everything.shape


def test_a_picture_from_the_command_line(tmp_path: Path):
    save_avatar(avatar(), tmp_path / "me.avatar")
    drawn = tmp_path / "fields.png"
    assert main(["avatar", "info", str(tmp_path / "me.avatar"), "--inspect", str(drawn)]) == 0
    assert read_image(drawn).shape[0] >= 640


def test_a_page_says_what_the_fields_are(tmp_path: Path):
    one = avatar(5)
    text = write_fields_page(one, tmp_path / "fields.html").read_text(encoding="utf-8")
    content = json.loads(re.search(r"const content = (\{.*\});\n", text)[1])  # pyright: ignore
    fields = one.model.fields
    assert fields is not None
    for shown, mask in zip(content["fields"], fields.masks, strict=True):
        assert shown["sees"] == np.flatnonzero(mask[: len(content["weights"])].numpy()).tolist()
        assert shown["reach"] / shown["radius"] == pytest.approx(fields.reach_m / fields.radius_m, rel=1e-2)
    camera = one.camera.resized(width_px=content["side"], height_px=content["side"])
    wanted_px = camera.project(one.rig.canonical_centres_m) + 0.5
    np.testing.assert_allclose([each["at"] for each in content["fields"]], wanted_px, atol=0.01)


@pytest.mark.skipif(chromium_path() is None, reason="no Chromium is installed")
def test_pointing_at_a_weight_leaves_the_fields_that_see_it(tmp_path: Path):
    one = avatar(34)
    saved = tmp_path / "me.avatar"
    save_avatar(one, saved)
    assert main(["avatar", "info", str(saved), "--inspect", str(tmp_path / "fields.html")]) == 0
    with Chromium(tmp_path / "profile") as page:
        page.open((tmp_path / "fields.html").as_uri())
        page.wait_for("document.body && document.body.dataset.ready === 'yes'")
        page.evaluate("showWeight(weights.indexOf('jawOpen'))")
        kept = page.evaluate("groups.map((group) => !group.classList.contains('faded'))")
        said = page.evaluate("document.getElementById('said').textContent")
    fields = one.model.fields
    assert fields is not None
    sees = fields.masks[:, load_head().expression_names.index("jawOpen")] > 0
    assert kept == sees.tolist()
    assert said == f"jawOpen is seen by {int(sees.sum())} of 34 fields"


def test_one_field_everywhere_is_not_drawn():
    with pytest.raises(InputError, match="no local fields"):
        draw_fields(avatar(1))
