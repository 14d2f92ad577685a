"""One face in one picture, cut out, padded, mirrored and scaled: one shape, one distance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.cameras import Camera
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.photo import fit_landmarks
from mien.landmarks.types import Landmarks2D
from tests.fitting.scenes import CAMERA_FROM_WORLD

ASTRONAUT = Path(__file__).parents[2] / "examples/astronaut.jpg"


def shape_m(fit: mien.HeadFit) -> np.ndarray:
    head = mien.load_head()
    return head.rest_vertices_m(fit.parameters.identity, np.zeros(head.expression_count))


def distance_m(fit: mien.HeadFit) -> float:
    return -float(fit.parameters.root_translation_m[2])


def difference_mm(one_m: np.ndarray, other_m: np.ndarray) -> float:
    face = mien.load_head().landmark_set("full_face").vertices
    return 1000 * rms_after_alignment(one_m[face], other_m[face])


def rms_after_alignment(one_m: np.ndarray, other_m: np.ndarray) -> float:
    one_m, other_m = one_m - one_m.mean(axis=0), other_m - other_m.mean(axis=0)
    u, _, vt = np.linalg.svd(one_m.T @ other_m)
    turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    return float(np.sqrt((((one_m @ turn) - other_m) ** 2).sum(axis=1).mean()))


@pytest.fixture(scope="module")
def landmarker() -> mien.Landmarker:
    return mien.Landmarker()


@pytest.fixture(scope="module")
def astronaut(landmarker) -> tuple[np.ndarray, mien.HeadFit]:
    image = mien.read_image(ASTRONAUT)
    return image, mien.fit_photo(image, context=mien.Context(landmarker=landmarker))[0]


def padded(image: np.ndarray, *, sides: tuple[int, int, int, int], color: int = 0) -> np.ndarray:
    top, bottom, left, right = sides
    return np.pad(image, ((top, bottom), (left, right), (0, 0)), constant_values=color)


VARIANTS = {
    "padded": lambda image: padded(image, sides=(256, 256, 256, 256)),
    "padded much": lambda image: padded(image, sides=(900, 900, 900, 900), color=255),
    "padded on one side": lambda image: padded(image, sides=(0, 0, 0, 512), color=128),
    "edge repeated": lambda image: np.pad(image, ((256, 256), (256, 256), (0, 0)), mode="edge"),
    "cropped": lambda image: np.ascontiguousarray(image[20:210, 115:320]),
    "cropped to the edge of the hair": lambda image: np.ascontiguousarray(image[25:205, 130:315]),
    "cropped beside": lambda image: np.ascontiguousarray(image[:260, :330]),
    "cropped into a corner": lambda image: np.ascontiguousarray(image[25:, 130:]),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "doubled": lambda image: image.repeat(2, axis=0).repeat(2, axis=1),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_astronaut(astronaut, landmarker, variant):
    image, fit = astronaut
    changed = VARIANTS[variant](image)
    [other, *_] = mien.fit_photo(changed, context=mien.Context(landmarker=landmarker))
    assert distance_m(other) == pytest.approx(distance_m(fit), rel=0.15)
    one_m, other_m = shape_m(fit), shape_m(other)
    if variant == "mirrored":
        other_m = other_m[mien.load_head().mirror_vertices] * [-1, 1, 1]
    assert difference_mm(one_m, other_m) < 0.5


def test_black_beside_the_picture_moves_no_axis(astronaut, landmarker):
    """Where the face lies is judged within the picture, not within what somebody put around it."""
    image, fit = astronaut
    barred = padded(image, sides=(0, 0, 0, 700), color=0)
    [other] = mien.fit_photo(barred, max_faces=1, context=mien.Context(landmarker=landmarker))
    assert difference_mm(shape_m(fit), shape_m(other)) < 0.1


@pytest.mark.parametrize(("scale", "part"), [(1.0, True), (0.5, False), (3.0, False)])
def test_a_cut_picture_has_the_focal_length_of_the_whole(astronaut, landmarker, scale, part):
    """Unless it was scaled so much that its face would be too near or too far."""
    import cv2

    image, _ = astronaut
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    cut = np.asarray(
        cv2.resize(image[60:215, 165:290], None, fx=scale, fy=scale, interpolation=way), np.uint8
    )
    size = {"width_px": cut.shape[1], "height_px": cut.shape[0]}
    near = replace(CameraPrior.near(636.0, **size), whole=False)
    prior = replace(near, alternatives=(CameraPrior.of_image(cut),))
    [fit] = mien.fit_photo(cut, camera=prior, context=mien.Context(landmarker=landmarker))
    assert (fit.focal == "near") is part
    assert 0.5 < distance_m(fit) < 1.2


def seen(distance: float, *, seed: int, aside: float = 0.0) -> Landmarks2D:
    """Exact landmarks of somebody at that distance, before a camera of 1200 px."""
    head, rng = mien.load_head(), np.random.default_rng(seed)
    parameters = replace(
        head.neutral(),
        identity=0.7 * rng.normal(size=head.identity_count),
        root_rotation=np.array([0.05, 0.2, 0.0]),
        root_translation_m=np.array([aside * distance, 0.0, -distance]),
    )
    camera = Camera.from_focal(1200.0, width_px=1200, height_px=900, camera_from_world=CAMERA_FROM_WORLD)
    points_px = camera.project(head.vertices_m(parameters)[head.landmark_set("dense320").vertices])
    exact = Landmarks2D(points_px, np.ones(320), "dense320")
    return replace(exact, sigma_px=np.full(320, 0.02 * exact.radius_px))


def test_distances_come_out_in_order_from_exact_landmarks():
    """The perspective of a face tells its distance, whatever the picture's size."""
    true_m = np.array([0.35, 0.5, 0.65, 0.8])
    for width_px, height_px in ((1200, 900), (2400, 1800)):
        found_m = []
        for distance in true_m:
            landmarks = seen(distance, seed=5)
            shift_px = np.array([width_px - 1200, height_px - 900]) / 2
            moved = replace(landmarks, points_px=landmarks.points_px + shift_px)
            fit = fit_landmarks(moved, CameraPrior.free(width_px=width_px, height_px=height_px))
            found_m.append(distance_m(fit))
        assert (np.diff(found_m) > 0).all()
        assert found_m[-1] > 2 * found_m[0]
        np.testing.assert_allclose(found_m, true_m, rtol=0.15)


def test_a_stretched_face_far_aside_keeps_the_axis_in_the_middle():
    """A face at the edge is no cutting."""
    landmarks = seen(0.6, seed=2, aside=0.5)
    free = CameraPrior.free(width_px=1200, height_px=900)
    fit, whole = (fit_landmarks(landmarks, prior) for prior in (free, replace(free, whole=True)))
    assert difference_mm(shape_m(fit), shape_m(whole)) < 0.01
    assert np.median(np.linalg.norm(fit.residuals_px, axis=1)) < 0.02 * landmarks.radius_px


def test_a_head_is_put_where_the_picture_has_it(astronaut):
    """The camera is the picture's own: its axis goes through the middle."""
    image, fit = astronaut
    np.testing.assert_allclose(
        fit.camera.intrinsics[:2, 2], (np.array(image.shape[1::-1]) - 1) / 2, atol=1e-9
    )
    assert np.median(np.linalg.norm(fit.residuals_px, axis=1)) < 0.03 * fit.landmarks.radius_px
