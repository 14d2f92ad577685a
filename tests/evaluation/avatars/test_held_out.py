"""Avatars of several kinds are trained, measured on frames held out, and put in a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("numba")

from mien.avatars.avatar import Avatar, AvatarFacts
from mien.avatars.rig import rig_of
from mien.avatars.train import train_avatar
from mien.errors import InputError
from mien.evaluation.avatars.held_out import measure, table, train_and_measure
from mien.evaluation.avatars.wink import wink
from tests.avatars.talking_head import talking_head
from tests.avatars.test_avatars import TINY


class Mirror(Avatar):
    """Shows a frame that it keeps, spoiled by so much, whatever it is asked."""

    kind = "mirror"

    def __init__(self, spoiled: float = 0.0) -> None:
        self.held = talking_head().split()[1]
        self.rig, self.controls = rig_of(self.held, points=34)
        self.camera, self.facts = self.held.camera(0), AvatarFacts("talking head", 8, 3, 1.5, 32)
        self.spoiled = spoiled

    def settings(self):
        return {}

    def tensors(self):
        return {}

    def picture(self, controls, camera, *, injection=None):
        row = int(np.argmin([np.abs(one.weights - controls.weights).sum() for one in self.controls]))
        rgba = self.held.rgba[row] / 255.0
        out = np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=2)
        out[..., :3] = np.clip(out[..., :3] - self.spoiled * rgba[..., 3:], 0, 1)
        return out


def test_figures_fall_with_what_is_wrong():
    rows = [measure(Mirror(spoiled), talking_head(), "mirror", frames=2) for spoiled in (0.0, 0.05, 0.2)]
    assert rows[0].scores.psnr_db > 90
    assert rows[0].ssim == pytest.approx(1)
    assert rows[0].gmsd == pytest.approx(0, abs=1e-6)
    # Some colours are darker than what is taken off, so that a little less is missing
    assert -20 * np.log10(0.05) <= rows[1].scores.psnr_db < -20 * np.log10(0.05) + 2
    assert rows[1].ssim > rows[2].ssim
    for name in ("psnr_db", "mouth_db", "eyes_db"):
        assert getattr(rows[0].scores, name) > getattr(rows[1].scores, name) > getattr(rows[2].scores, name)
    assert (rows[0].steps, rows[0].seconds) == (3, 1.5)


@pytest.mark.parametrize("kind", ["static", "surface", "splats"])
def test_every_kind_is_trained_and_measured(kind: str, tmp_path: Path):
    rows = train_and_measure(
        talking_head(), kind, minutes=0.02, frames=1, code_steps=1, device="cpu", out=tmp_path
    )
    assert (tmp_path / f"{kind}.avatar" / "avatar.json").is_file()
    assert (tmp_path / f"{kind}.png").is_file()
    # Only fields have codes that a frame may find for itself
    assert [row.name for row in rows] == ([kind, f"{kind} own codes"] if kind == "static" else [kind])
    header, cells = table(rows)
    assert all(len(line) == len(header) for line in cells)
    assert np.isfinite(rows[0].scores.psnr_db)


@pytest.mark.parametrize("kind", ["surface", "splats"])
def test_kinds_may_be_given_equal_steps(kind: str):
    (row,) = train_and_measure(talking_head(), kind, minutes=None, steps=3, frames=1, device="cpu")
    assert row.steps == 3


def test_own_codes_are_no_worse():
    avatar = train_avatar(talking_head(), replace(TINY, steps=60), device="cpu")
    plain = measure(avatar, talking_head(), "fields", frames=2, device="cpu")
    own = measure(avatar, talking_head(), "fields", frames=2, code_steps=20, device="cpu")
    assert own.scores.whole_db > plain.scores.whole_db - 0.05


def test_unknown_kinds_are_refused():
    with pytest.raises(InputError, match="nobody"):
        train_and_measure(talking_head(), "nobody", minutes=0.01)


def test_a_wink_of_an_avatar_that_cannot_is_none():
    figures = wink(Mirror())
    assert figures.inside == 0
    assert figures.blink_likeness == 0
