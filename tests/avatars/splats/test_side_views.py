"""What a head should look like from aside: hair as thick as its outline shows, skin as the frame has it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from mien.avatars.hair_shell import hair_heights_m, hairy  # noqa: E402
from mien.avatars.rig import AvatarControls, rig_of  # noqa: E402
from mien.avatars.splats.config import SplatAvatarConfig  # noqa: E402
from mien.avatars.splats.side_views import SideViews  # noqa: E402
from mien.avatars.splats.training import SplatTraining  # noqa: E402
from mien.avatars.splats.unseen import color_like_neighbours, filled_px  # noqa: E402
from mien.drawing.raster import shade_mesh  # noqa: E402
from tests.avatars.talking_head import talking_head  # noqa: E402

SIZE = 96


@pytest.fixture(scope="module")
def data():
    return talking_head(6, SIZE)


def test_hair_is_as_thick_as_the_outline_shows(data):
    rig, controls = rig_of(data, points=1)
    top = rig.canonical_m[:, 1].argmax()
    top = rig.kept[top]
    assert hair_heights_m(data, rig, controls)[top] < 0.005  # bald
    radius = round(0.02 * data.intrinsics[0, 0, 0] / 0.8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    rgba = data.rgba.copy()
    for picture in rgba:
        picture[..., 3] = cv2.dilate(picture[..., 3], disc)
    heights_m = hair_heights_m(replace(data, rgba=rgba), rig, controls)
    assert heights_m[top] == pytest.approx(0.02, abs=0.006)
    assert (heights_m[~hairy(rig)] == 0).all()
    assert (heights_m[hairy(rig)] > 0).all()
    rest_m = rig.vertices_m(AvatarControls(rig.rest_weights, np.zeros((2, 3))))
    nose = np.linalg.norm(rest_m - rig.landmarks_m(controls[0])[30], axis=1).argmin()
    assert heights_m[nose] == 0
    unknown = replace(data, known=np.zeros_like(data.known))
    assert 0 < hair_heights_m(unknown, rig, controls)[top] < 0.06


def test_a_side_view_shows_the_skin_as_the_frame_does(data):
    rig, controls = rig_of(data, points=1)
    bald = np.zeros(rig.head.vertex_count)
    albedo = 0.5 + 0.4 * np.sin(60 * rig.head.mean_m)
    views = SideViews(data, rig, controls, hair_m=bald, count=4, seed=0)
    for view in (views[number] for number in range(len(views))):
        vertices_m = rig.vertices_m(controls[view.row])
        colors, raster = shade_mesh(vertices_m, rig.triangles, view.camera, albedo=albedo)
        true = np.zeros((SIZE, SIZE, 3))
        true[raster.rows, raster.columns] = colors
        sure = view.sure > 0.9
        assert sure.sum() > 100
        off = np.abs(view.colors - true)[sure]
        assert np.median(off) < 0.08  # lamps stand with the camera, so that shades differ
        covered = raster.triangle >= 0
        assert covered[view.opaque].all()
        assert not covered[view.empty].any()
        assert view.opaque.sum() > 0.7 * covered.sum()
        assert view.empty[0].all()


def test_holes_seen_from_aside_cost(data):
    rig, controls = rig_of(data, points=34)
    config = SplatAvatarConfig(on_skin=2000, in_hair=100, codes=2, steps=20)
    losses = []
    for opacity in (4.0, -4.0):
        with_sides, without = (SplatTraining(data, rig, controls, each)
                               for each in (config, replace(config, side_every=0)))  # fmt: skip
        for training in (with_sides, without):
            training.head.opacity_logits.data.fill_(opacity)
            training.prepare(config.side_every - 1, 0.0)
        losses.append((with_sides.losses(None)["loss"] - without.losses(None)["loss"]).item())
    opaque, clear = losses
    assert 0 < opaque < 0.5 * clear


def test_what_no_frame_shows_is_coloured_like_what_lies_beside_it(data):
    rig, controls = rig_of(data, points=34)
    config = SplatAvatarConfig(on_skin=900, in_hair=20, codes=2, steps=20)
    training = SplatTraining(data, rig, controls, config)
    head = training.head
    with torch.no_grad():
        head.color_logits[:] = torch.tensor([2.0, -2.0, 0.0])
    vertices_m = torch.from_numpy(rig.vertices_m(controls[0]).astype(np.float32))
    seen = training._seen[0]
    filled, surely = filled_px(head, [(vertices_m, data.camera(0), seen.solid)])
    assert (surely <= filled + 1e-5).all()
    assert 0.5 * filled.sum() < surely.sum() < 0.95 * filled.sum()
    anchored_m = head.anchored(vertices_m)[0].detach()
    back = anchored_m[:, 2] < -0.08
    assert back.sum() > 5
    assert filled[back].max() < 0.01
    front = (anchored_m[:, 2] > 0.05) & (filled > 0.5)
    assert front.sum() > 20
    before = head.color_logits.detach().clone()
    with torch.no_grad():
        head.color_logits[back] = 0.0
        # The edge takes colours of what is behind: they are not handed on
        edge = (filled > 0.1) & (surely < 1e-3)
        head.color_logits[edge] = 3.0
    color_like_neighbours(head, anchored_m, filled=filled, surely=surely)
    torch.testing.assert_close(head.color_logits[back], before[back])
    assert (head.color_logits[edge] == 3.0).all()
    nothing = torch.zeros_like(filled)
    color_like_neighbours(head, anchored_m, filled=nothing, surely=nothing)  # and nothing happens
    torch.testing.assert_close(head.color_logits[back], before[back])
