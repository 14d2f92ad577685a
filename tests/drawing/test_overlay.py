"""What the pictures show lies where it should, the right way round."""

from __future__ import annotations

import numpy as np
import pytest

from mien.cameras import Camera
from mien.drawing import (
    contact_sheet,
    draw_fit,
    draw_landmarks,
    draw_mesh,
    draw_track_frame,
    head_turntable,
    part_colors,
    render_head,
)
from mien.drawing.mesh import overlay_colors
from mien.drawing.viewport import Viewport
from mien.errors import InputError
from mien.fitting.results import HeadFit, HeadTrack
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status


@pytest.fixture
def image():
    return np.full((240, 320, 3), 90, np.uint8)


def _changed(image, out):
    return (image != out).any(axis=2)


def test_mesh_lies_where_the_camera_projects_it(head, camera, parameters, image):
    vertices_m = head.vertices_m(parameters)
    changed = _changed(image, draw_mesh(image, vertices_m, head.triangles, camera))
    points_px = camera.project(vertices_m)
    rows, columns = np.nonzero(changed)
    np.testing.assert_allclose(
        [columns.min(), rows.min(), columns.max(), rows.max()],
        [*points_px.min(axis=0), *points_px.max(axis=0)],
        atol=1.0,
    )


def test_the_subjects_left_is_at_the_pictures_right_and_up_is_up(head):
    colors = part_colors(head)
    assert len(np.unique(colors, axis=0)) > 2
    plain = render_head(head, size_px=160)
    # light grey eyeballs against skin: their blue share is higher
    bluish = plain[..., 2].astype(int) - plain[..., 0]
    rows, columns = np.nonzero((bluish > -12) & (plain.sum(axis=2) > 360))
    assert rows.mean() < 80  # eyes above the middle
    turned = render_head(head, yaw_rad=0.6, size_px=160).astype(int)  # towards the subject's left
    bluish = turned[..., 2] - turned[..., 0]
    rows, columns = np.nonzero((bluish > -12) & (turned.sum(axis=2) > 360))
    assert columns.mean() > 85


def test_looking_left_moves_the_iris_to_the_pictures_right(head):
    straight = head.neutral()
    joints = np.zeros((4, 3))
    joints[2:, 1] = 0.5
    looking = type(straight)(
        straight.identity, straight.expression, joints, straight.root_rotation, straight.root_translation_m
    )

    def dark_column(parameters):
        picture = render_head(head, parameters, size_px=200).astype(int)
        eyes = picture[40:95, 40:160]
        return np.nonzero(eyes.sum(axis=2) < 90)[1].mean()

    assert dark_column(looking) > dark_column(straight) + 2


def test_opacity_zero_leaves_the_picture(head, camera, parameters, image):
    out = draw_mesh(image, head.vertices_m(parameters), head.triangles, camera, opacity=0.0)
    np.testing.assert_array_equal(out, image)


def test_viewport_camera_and_points_agree(camera):
    rng = np.random.default_rng(0)
    points_m = rng.uniform(-0.1, 0.1, (20, 3)) - [0, 0, 0.7]
    points_px = camera.project(points_m)
    view = Viewport.around(points_px, width_px=320, height_px=240, margin=0.1, out_height_px=500)
    np.testing.assert_allclose(view.camera(camera).project(points_m), view.points(points_px), atol=1e-9)
    assert view.left_px >= 0
    assert view.top_px + view.height_px <= 240


def test_viewport_image_agrees_with_its_points():
    image = np.zeros((60, 80, 3), np.uint8)
    image[20, 30] = 255
    view = Viewport(10, 5, 40, 30, 160, 120)
    grey = view.image(image)[..., 0].astype(float)
    rows, columns = np.mgrid[:120, :160]
    centre = np.array([(grey * columns).sum(), (grey * rows).sum()]) / grey.sum()
    np.testing.assert_allclose(centre, view.points(np.array([[30.0, 20.0]]))[0], atol=0.1)


def _face(sigma_px: float) -> Landmarks2D:
    points_px = np.array([[100.0, 60], [200, 60], [150, 160], [150, 110]])
    return Landmarks2D(points_px=points_px, sigma_px=np.full(4, sigma_px), set_name="four")


def test_unsure_landmarks_are_larger_and_redder(image):
    sure = draw_landmarks(image, _face(0.3))
    unsure = draw_landmarks(image, _face(8.0))
    assert _changed(image, unsure).sum() > 5 * _changed(image, sure).sum()
    assert sure[60, 100, 1] > sure[60, 100, 0]
    assert unsure[60, 100, 0] > unsure[60, 100, 1]


def test_landmarks_enlarge_small_faces_and_survive_bad_points(image):
    out = draw_landmarks(image, _face(1.0), min_face_px=250.0)
    assert out.shape == (600, 800, 3)
    assert draw_landmarks(image, []).shape == image.shape
    lost = Landmarks2D(
        points_px=np.array([[np.nan, 1], [1e12, -1e12]]), sigma_px=np.array([np.nan, 1e9]), set_name="two"
    )
    assert draw_landmarks(image, lost).shape == image.shape


def test_fit_panels_show_landmarks_and_mesh(head, camera, parameters, image):
    landmarks = Landmarks2D(
        points_px=camera.project(head.vertices_m(parameters)[:20]), sigma_px=np.ones(20), set_name="twenty"
    )
    fit = HeadFit(
        parameters, camera, landmarks, np.zeros((20, 2)), Status.CONVERGED, 3, (1.0,), head.name, head.version
    )
    out = draw_fit(image, head, fit, panel_px=300, captions=False)
    assert out.shape[0] == 300
    width = (out.shape[1] - 18) // 4
    panels = [out[:, k * (width + 6) : k * (width + 6) + width] for k in range(4)]
    assert (panels[0] == 90).all()
    for panel in panels[1:]:
        assert _changed(panels[0], panel).mean() > 0.001


@pytest.fixture(scope="module")
def track(head, parameters):
    camera = Camera.from_focal(
        400.0, width_px=320, height_px=240, camera_from_world=np.diag([1.0, -1, -1, 1])
    )
    points_px = np.repeat(camera.project(head.vertices_m(parameters)[None, :8]), 2, axis=0)
    points_px[1] = np.nan
    return HeadTrack(
        times_s=np.array([0.0, 0.04]),
        identity=parameters.identity,
        expression=np.zeros((2, 1)),
        joint_rotations=np.zeros((2, 4, 3)),
        root_rotation=np.tile(parameters.root_rotation, (2, 1)),
        root_translation_m=np.tile(parameters.root_translation_m, (2, 1)),
        tracked=np.array([True, False]),
        camera=camera,
        points_px=points_px,
        sigma_px=np.ones((2, 8)),
        set_name="eight",
        head_name=head.name,
        head_version=head.version,
        frames_per_second=25.0,
    )


def test_track_frames_keep_their_size_and_mark_loss(head, track, image):
    seen = draw_track_frame(image, head, track, 0)
    lost = draw_track_frame(image, head, track, 1)
    assert seen.shape == lost.shape == image.shape
    whole = draw_mesh(
        image,
        head.vertices_m(track.parameters(0)),
        head.triangles,
        track.camera,
        opacity=0.45,
        albedo=overlay_colors(head),
    )
    boxed = draw_track_frame(image, head, track, 0, landmarks=False)
    # Only the head's box is drawn, and each triangle in one colour: no other pixels, hardly other colours.
    difference = np.abs(boxed.astype(int) - whole.astype(int)).max(axis=2)
    rows, columns = np.nonzero(_changed(image, whole))
    beside = np.ones(difference.shape, bool)
    beside[rows.min() - 2 : rows.max() + 3, columns.min() - 2 : columns.max() + 3] = False
    assert beside.any()
    assert not difference[beside].any()
    assert difference.mean() < 1
    assert np.percentile(difference[_changed(image, whole)], 90) < 12
    assert 0 < _changed(image, lost).mean() < 0.05
    reddest = lost[..., 0].astype(int) - lost[..., 1]
    assert reddest.max() > 100


def test_turntable_goes_round(head):
    pictures = head_turntable(head, count=4, size_px=64)
    assert [picture.shape for picture in pictures] == [(64, 64, 3)] * 4
    assert not np.array_equal(pictures[0], pictures[2])


def test_contact_sheet_holds_every_picture():
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    pictures = [np.full((20 + 10 * k, 40, 3), color, np.uint8) for k, color in enumerate(colors)]
    sheet = contact_sheet(pictures, columns=2, captions=["one", "two", "три"], cell_px=80)
    assert sheet.shape[1] == 2 * 80 + 3 * 6
    for color in colors:
        assert (sheet == color).all(axis=2).sum() > 500
    with pytest.raises(InputError, match="captions"):
        contact_sheet(pictures, captions=["one"])
    with pytest.raises(InputError, match="at least one"):
        contact_sheet([])
