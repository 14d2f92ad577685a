"""What cannot be a face is not called one, and what is not known does not count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mien
from mien.cameras import Camera
from mien.errors import FitError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.views import fit_landmark_views
from mien.heads.model import Head
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks, some_parameters


@pytest.fixture
def face(head: Head, camera: Camera) -> Landmarks2D:
    return exact_landmarks(head, some_parameters(head, seed=3), camera)


def telescope(focal_px: float) -> Camera:
    return Camera.from_focal(focal_px, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)


def test_a_face_is_plausible(head, camera, face):
    fit = fit_landmarks(face, camera, context=Context(head))
    assert (fit.status.usable, fit.reason) == (True, "")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (telescope(2_000_000.0), "m from the camera; is the focal length, 2e.06 px, right"),
        (telescope(1.0), "cm from the camera; is the focal length, 1 px, right"),
        (telescope(30.0), "cm from the camera|behind the camera|beside the landmarks"),
    ],
    ids=["far", "nowhere", "near"],
)
def test_heads_where_nobody_stands(head, face, wrong, reason):
    fit = fit_landmarks(face, wrong, context=Context(head))
    assert fit.status is Status.IMPLAUSIBLE
    assert not fit.status.usable
    with pytest.raises(FitError, match=reason):
        fit_landmarks(face, wrong, context=Context(head), throw=True)


def test_a_far_head_says_how_far(head, face):
    fit = fit_landmarks(face, telescope(2_000_000.0), context=Context(head))
    assert fit.status is Status.IMPLAUSIBLE
    assert "m from the camera" in fit.outcome


def changed(face: Landmarks2D, kind: str) -> Landmarks2D:
    centre_px = face.points_px.mean(axis=0)
    rng = np.random.default_rng(0)
    points_px = {
        "one point": np.broadcast_to(centre_px, face.points_px.shape).copy(),
        "a speck": centre_px + (face.points_px - centre_px) * 0.15 / face.radius_px,
        "no face": centre_px + face.radius_px * rng.normal(size=face.points_px.shape),
        "shuffled": rng.permutation(face.points_px),
    }[kind]
    return replace(face, points_px=points_px)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("one point", "one point"),
        ("a speck", r"only 0\.3 px large"),
        ("no face", "beside the landmarks|nobody's"),
        ("shuffled", "beside the landmarks|nobody's"),
    ],
)
def test_landmarks_that_are_no_face(head, camera, face, kind, reason):
    odd = changed(face, kind)
    for prior in (camera, CameraPrior.free(width_px=640, height_px=480)):
        fit = fit_landmarks(odd, prior, context=Context(head))
        assert fit.status is Status.IMPLAUSIBLE
        with pytest.raises(FitError, match=reason):
            raise FitError(fit.outcome)
        assert np.isfinite(fit.parameters.root_translation_m).all()
    views = fit_landmark_views([odd, odd], [camera, camera], context=Context(head))
    assert views.status is Status.IMPLAUSIBLE
    assert views.reason


def test_an_identity_that_nobody_has(head, camera):
    identity = np.full(head.identity_count, 6.0)
    parameters = replace(some_parameters(head, seed=3), identity=identity)
    loose = mien.FitConfig(identity_std=100.0)
    fit = fit_landmarks(
        exact_landmarks(head, parameters, camera), camera, context=Context(head, config=loose)
    )
    assert fit.status is Status.IMPLAUSIBLE
    assert "standard deviations from the mean head" in fit.reason
    known = fit_landmarks(
        exact_landmarks(head, parameters, camera), camera, identity=identity, context=Context(head)
    )
    assert known.status.usable


@pytest.mark.parametrize("how", ["NaN", "far off", "hidden", "not a deviation"])
def test_one_landmark_that_is_not_known_is_left_out(head, camera, face, how):
    points_px, sigma_px = face.points_px.copy(), face.sigma_px.copy()
    if how == "NaN":
        points_px[5] = np.nan
    elif how == "far off":
        points_px[5] = 1e30
    else:
        points_px[5] += 80.0
        sigma_px[5] = np.inf if how == "hidden" else np.nan
    part = replace(face, points_px=points_px, sigma_px=sigma_px)
    assert part.known.sum() == len(face) - 1
    assert np.isfinite(part.box_px).all()
    assert part.radius_px == pytest.approx(face.radius_px, rel=0.05)
    whole, fit = (fit_landmarks(each, camera, context=Context(head)) for each in (face, part))
    assert fit.status.usable
    np.testing.assert_allclose(
        fit.parameters.root_translation_m, whole.parameters.root_translation_m, atol=2e-3
    )


def test_hardly_any_landmark_is_known(head, camera, face):
    points_px = face.points_px.copy()
    points_px[3:] = np.nan
    fit = fit_landmarks(replace(face, points_px=points_px), camera, context=Context(head))
    assert fit.status is Status.IMPLAUSIBLE
    assert "only 3 of" in fit.reason


def test_deviations_larger_than_the_face(head, camera, face):
    vague = replace(face, sigma_px=np.full(len(face), 1e5))
    fit = fit_landmarks(vague, camera, context=Context(head))
    assert fit.status is Status.IMPLAUSIBLE
    assert "deviations" in fit.reason


@pytest.mark.parametrize("suffix", [".npz", ".json", ".glb", ".obj", ".csv"])
def test_what_is_not_a_number_is_not_exported(tmp_path, suffix):
    head = mien.load_head()
    landmarks = Landmarks2D(np.full((320, 2), np.nan), np.ones(320), "dense320")
    fit = fit_landmarks(landmarks, telescope(600.0))
    with pytest.raises(FitError, match="not exported"):
        mien.export(fit, tmp_path / f"head{suffix}")
    parameters = replace(fit.parameters, expression=np.full(head.expression_count, np.nan))
    broken = replace(fit, status=Status.CONVERGED, parameters=parameters)
    with pytest.raises(FitError, match="not exported"):
        mien.export(broken, tmp_path / f"head{suffix}")
    assert not list(tmp_path.iterdir())
