"""The page in a real browser: the head the right way round, handles that are dragged, sliders, the field."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mien.cameras import Camera
from mien.heads.library import load_head
from mien.images.limits import decoded_picture
from mien.viewer.field_pictures import fields_can_be_drawn
from mien.viewer.orbit import OrbitView, middle_m
from mien.viewer.server import ViewerServer
from tests.viewer.chromium import Chromium, chromium_path
from tests.viewer.serving import served, shown_face

pytestmark = pytest.mark.skipif(chromium_path() is None, reason="no Chromium is installed")
STAGE_PX = (960, 860)
"""What the panel leaves of the window."""
SIDE_PX = min(STAGE_PX)
SQUARE_PX = np.array([(STAGE_PX[0] - SIDE_PX) / 2, (STAGE_PX[1] - SIDE_PX) / 2]) + 0.5
"""Where the middle square begins; half a pixel, because a camera's pixels have their centres at 0."""


def quadrants() -> np.ndarray:
    """A texture with a colour for each quarter: red, green / blue, yellow."""
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:32, :32], texture[:32, 32:], texture[32:, :32] = (230, 0, 0), (0, 230, 0), (0, 0, 230)
    texture[32:, 32:] = (230, 230, 0)
    return texture


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[ViewerServer]:
    with served(shown_face(texture=quadrants()), tmp_path_factory.mktemp("out")) as made:
        yield made


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture
def page(server: ViewerServer, browser: Chromium) -> Chromium:
    server.routes.session.restart()
    browser.open(server.url)
    browser.wait_for("document.body && document.body.dataset.ready === 'yes'")
    browser.evaluate("new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))")
    return browser


def front_camera(server: ViewerServer) -> Camera:
    return OrbitView(target_m=middle_m(server.routes.session.shown.face.vertices_m)).camera(SIDE_PX)


def handle_px(page: Chromium, index: int) -> np.ndarray:
    circle = f"document.querySelectorAll('#handles circle')[{index}]"
    return np.array(page.evaluate(f"['cx', 'cy'].map((name) => Number({circle}.getAttribute(name)))"))


def wait_for_revision(page: Chromium, server: ViewerServer, revision: int) -> None:
    page.wait_for(f"document.body.dataset.revision === '{revision}'")
    assert server.routes.session.now().revision == revision


def page_vertices_m(page: Chromium) -> np.ndarray:
    return np.array(page.evaluate("Array.from(mien.face.vertices)")).reshape(-1, 3)


def test_the_head_stands_upright_and_is_not_mirrored(server: ViewerServer, page: Chromium):
    """Every vertex that is seen from the front has its texture's colour where the camera has it."""
    page.evaluate("document.getElementById('showhandles').click()")
    page.evaluate("new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))")
    picture = decoded_picture(page.screenshot(), source="screenshot").astype(int)
    head, face = load_head(), server.routes.session.now().face
    uv = np.zeros((head.vertex_count, 2))
    uv[head.triangles] = head.uv[head.uv_triangles]
    skin = head.vertex_parts == head.part_names.index("skin")
    inner = (np.abs(uv - 0.5) > 0.05).all(axis=1) & (np.abs(uv - 0.5) < 0.3).all(axis=1)
    # cheeks, forehead and chin: nothing lies before them
    chosen = np.flatnonzero(skin & inner & (face.vertices_m[:, 2] > 0.05))
    at_px = np.rint(front_camera(server).project(face.vertices_m[chosen]) + SQUARE_PX - 0.5).astype(int)
    colors = picture[at_px[:, 1], at_px[:, 0]]
    shown = (colors > 0.5 * colors.max(axis=1, keepdims=True)).astype(int)
    right, lower = uv[chosen, 0] > 0.5, uv[chosen, 1] < 0.5
    wanted = np.array([[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [1, 1, 0]]])[right.astype(int), lower.astype(int)]
    assert len(chosen) > 200
    assert len(np.unique(wanted, axis=0)) == 4
    assert (shown == wanted).all(axis=1).mean() > 0.9
    # and by the head itself: what is the subject's left is on the right of the picture
    left = face.vertices_m[chosen, 0] > 0
    assert at_px[left, 0].min() >= STAGE_PX[0] / 2 - 1
    assert (right == left).mean() > 0.95


def test_handles_lie_on_the_landmarks(server: ViewerServer, page: Chromium):
    wanted = front_camera(server).project(server.routes.session.now().face.landmarks_m) + SQUARE_PX
    found = np.array([handle_px(page, index) for index in range(68)])
    np.testing.assert_allclose(found, wanted, atol=0.15)


def test_a_handle_that_is_dragged_edits_the_face(server: ViewerServer, page: Chromium):
    page.evaluate("document.getElementById('symmetric').click()")
    before, revision = server.routes.session.now().face, server.routes.session.now().revision
    start = handle_px(page, 48)
    page.drag((float(start[0]), float(start[1])), (-20, -24))
    wait_for_revision(page, server, revision + 1)
    after = server.routes.session.now().face
    camera = front_camera(server)
    metres_a_pixel = camera.to_camera(before.landmarks_m[48])[2] / camera.focal_px
    wanted_m = np.array([-20, 24, 0]) * metres_a_pixel
    np.testing.assert_allclose(after.landmarks_m[48] - before.landmarks_m[48], wanted_m, atol=1e-4)
    np.testing.assert_allclose(
        after.landmarks_m[54] - before.landmarks_m[54], wanted_m * [-1, 1, 1], atol=1e-4
    )
    np.testing.assert_allclose(page_vertices_m(page), after.vertices_m, atol=6e-6)
    np.testing.assert_allclose(handle_px(page, 48), start + [-20, -24], atol=0.6)
    page.evaluate("document.getElementById('undo').click()")
    wait_for_revision(page, server, revision + 2)
    np.testing.assert_allclose(page_vertices_m(page), before.vertices_m, atol=6e-6)


def test_a_region_moves_as_one(server: ViewerServer, page: Chromium):
    before, revision = server.routes.session.now().face, server.routes.session.now().revision
    page.evaluate(
        "const r = document.getElementById('region'); r.value = 'right_brow'; r.onchange();"
        "document.getElementById('radius').value = 0; null"
    )
    start = handle_px(page, 19)
    page.drag((float(start[0]), float(start[1])), (0, -18))
    wait_for_revision(page, server, revision + 1)
    way_m = server.routes.session.now().face.landmarks_m - before.landmarks_m
    np.testing.assert_allclose(way_m[17:22], np.tile(way_m[19], (5, 1)), atol=1e-6)
    assert way_m[19, 1] > 0.003
    assert np.abs(way_m[22:]).max() < 1e-6


def test_a_slider_moves_the_mesh_at_once_and_then_the_face(server: ViewerServer, page: Chromium):
    revision = server.routes.session.now().revision
    slide = "const s = document.getElementById('weight-jawOpen'); s.value = 0.7;"
    page.evaluate(f"(() => {{ {slide} s.dispatchEvent(new Event('input')); }})()")
    at_once_m = page_vertices_m(page)
    assert server.routes.session.now().revision == revision
    page.evaluate(f"(() => {{ {slide} s.dispatchEvent(new Event('change')); }})()")
    wait_for_revision(page, server, revision + 1)
    face = server.routes.session.now().face
    assert face.expression[load_head().expression_names.index("jawOpen")] == pytest.approx(0.7)
    np.testing.assert_allclose(at_once_m, face.vertices_m, atol=6e-6)


def test_what_cannot_be_done_is_said(server: ViewerServer, page: Chromium):
    face = server.routes.session.now().face
    page.evaluate("mien.edit('api/edit', {weights: {earWiggle: 1}})")
    assert "earWiggle" in page.evaluate("document.getElementById('message').textContent")
    assert server.routes.session.now().face is face
    np.testing.assert_allclose(page_vertices_m(page), face.vertices_m, atol=6e-6)


@pytest.mark.skipif(not fields_can_be_drawn(), reason="fields need torch")
def test_the_field_catches_up_and_lies_over_the_mesh(server: ViewerServer, page: Chromium):
    page.evaluate(
        "document.getElementById('showhandles').click();"
        "const f = document.getElementById('fieldplace'); f.value = 'hidden'; f.onchange(); null"
    )
    page.evaluate("new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))")
    mesh = decoded_picture(page.screenshot(), source="screenshot")[:, : STAGE_PX[0]].astype(int)
    page.evaluate("f.value = 'over'; f.onchange(); null")
    shown = "!document.getElementById('field').hidden && document.getElementById('field').dataset.size"
    page.wait_for(f"{shown} === '256'")
    page.evaluate("document.getElementById('field').decode()")
    field = decoded_picture(page.screenshot(), source="screenshot")[:, : STAGE_PX[0]].astype(int)
    behind = mesh[2, 2]
    covered = [np.abs(each - behind).max(axis=2) > 30 for each in (mesh, field)]
    both, either = covered[0] & covered[1], covered[0] | covered[1]
    assert covered[0].mean() > 0.15
    assert both.sum() / either.sum() > 0.95
