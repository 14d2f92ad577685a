"""The shipped networks on a head without looks: landmarks move with the field, and no head is no head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import mien
from mien.errors import InputError
from mien.fields.grid_field import GridField
from mien.fields.protocol import Field, FieldBase
from mien.fields.ray_context import RayContext
from mien.geometry.alignment import align_similarity
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.landmarks_in_fields.canonical import CleaningConfig
from mien.landmarks_in_fields.config import FieldNetworkConfig, FineNetworkConfig
from mien.landmarks_in_fields.network import FieldLandmarkNetwork, NetworkOutput
from mien.landmarks_in_fields.network_files import SHIPPED, NetworkPair
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.landmarks_in_fields.types import Landmarks3D
from mien.landmarks_in_fields.writing import read_landmarks, write_landmarks, write_ply
from tests.landmarks_in_fields.known_fields import BlobField, MovedField, head_field

shipped = pytest.mark.skipif(not SHIPPED.exists(), reason="no field landmark networks are shipped yet")


@dataclass(frozen=True)
class Found:
    source: GridField
    truth_m: np.ndarray
    landmarks: Landmarks3D


def networks_alone(source: Field) -> Landmarks3D:
    """Without pictures, which test_second_opinion.py is about."""
    return FieldLandmarker(config=SearchConfig(second_opinion=None))(source)


@pytest.fixture(scope="module")
def found() -> Found:
    source, truth_m = head_field()
    return Found(source, truth_m, networks_alone(source))


def mean_mm(a: np.ndarray, b: np.ndarray) -> float:
    return float(1000 * np.linalg.norm(a - b, axis=1).mean())


@shipped
def test_a_head_is_found_where_it_is(found: Found):
    assert found.landmarks.found
    assert found.landmarks.confidence > 0.5
    assert mean_mm(found.landmarks.points_m, found.truth_m) < 9
    shape = found.landmarks.field_from_head
    assert abs(np.linalg.det(shape[:, :3])) ** (1 / 3) == pytest.approx(1.0, abs=0.15)


@shipped
@pytest.mark.parametrize("unit", [1000.0, 0.02])
def test_units_and_places_do_not_matter(found: Found, unit: float):
    moved = MovedField(found.source, np.eye(3), unit, (7.0 * unit, -2.0 * unit, 0.5 * unit))
    result = networks_alone(moved)
    expected = unit * (found.landmarks.points_m + [7.0, -2.0, 0.5])
    assert mean_mm(result.points_m / unit, expected / unit) < 0.5


@shipped
@pytest.mark.parametrize(
    "turn",
    [(0.0, 0.35, 0.0), (np.pi / 2, 0.0, 0.0), (0.0, np.pi, 0.0), (0.9, -1.1, 0.4)],
    ids=["a little", "z is up", "facing away", "anyhow"],
)
def test_landmarks_turn_with_the_field(found: Found, turn: tuple[float, float, float]):
    rotation = matrix_from_rotation_vector(np.array(turn))
    result = networks_alone(MovedField(found.source, rotation))
    assert result.found
    assert mean_mm(result.points_m @ rotation, found.landmarks.points_m) < 5


@shipped
def test_a_pear_is_no_head_and_nothing_is_nothing():
    pear = mien.field_landmarks(BlobField())
    assert not pear.found
    assert np.isnan(pear.points_m).all()
    empty = GridField(np.zeros((8, 8, 8, 4), np.float32), np.array([[0.0, 0, 0], [1, 1, 1]]))
    assert mien.field_landmarks(empty).confidence == 0


@shipped
def test_boxes_without_volume_are_refused():
    flat = replace(BlobField())
    flat.__class__ = type("Flat", (BlobField,), {"bounds_m": np.zeros((2, 3))})
    with pytest.raises(InputError, match="empty or not finite"):
        FieldLandmarker(config=SearchConfig())(flat)


def test_files_of_landmarks_are_read_back(tmp_path: Path):
    rng = np.random.default_rng(0)
    landmarks = Landmarks3D(
        rng.normal(size=(68, 3)), 0.9, True, rng.normal(size=(3, 4)), rng.normal(size=(68, 3)), rng.random(68)
    )
    path = write_landmarks(tmp_path / "anna.json", landmarks)
    again = read_landmarks(path)
    np.testing.assert_allclose(again.points_m, landmarks.points_m)
    np.testing.assert_allclose(again.sigma_m, landmarks.sigma_m)
    assert again.found
    assert again.set_name == "ict68"
    before = tmp_path / "before.json"
    before.write_text(path.read_text().replace('"format_version": 3', '"format_version": 2'))
    with pytest.raises(InputError, match="find the landmarks again"):
        read_landmarks(before)
    nothing = read_landmarks(write_landmarks(tmp_path / "none.json", Landmarks3D.none_found(0.1)))
    assert not nothing.found
    assert np.isnan(nothing.points_m).all()
    cloud = write_ply(str(tmp_path / "anna.ply"), landmarks.points_m).read_text().splitlines()
    assert cloud[0] == "ply"
    assert len(cloud) == cloud.index("end_header") + 1 + 68
    with pytest.raises(InputError):
        read_landmarks(tmp_path / "anna.ply")


@shipped
def test_the_shipped_file_is_small():
    assert SHIPPED.stat().st_size < 10e6


class _Oracle(FieldLandmarkNetwork):
    """A network that reads the head's place from colours: red, green and blue balls at known points.

    It stands in for a trained one, so that the search around it can be tested exactly.
    """

    def __init__(self, config: FieldNetworkConfig, anchors_m: np.ndarray, points_m: np.ndarray) -> None:
        torch.nn.Module.__init__(self)
        self.config, self.anchors_m, self.points_m = config, anchors_m, points_m

    def forward(self, volumes: torch.Tensor, places: torch.Tensor | None = None) -> NetworkOutput:
        landmarks, transforms, logits = [], [], []
        for volume in volumes[:, 0]:
            size = volume.shape[-1]
            steps = (2 * torch.arange(size) + 1) / size - 1
            grid = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij"), dim=-1)
            color = volume[:3] - volume[:3].amin(dim=0) - 0.5 * volume[:3].amax(dim=0)
            weight = color.clamp(min=0)
            seen = (
                torch.einsum("cxyz,xyzd->cd", weight, grid)
                / weight.sum(dim=(1, 2, 3)).clamp(min=1e-6)[:, None]
            )
            fit = align_similarity(self.anchors_m, seen.double().numpy())
            landmarks.append(fit.apply(self.points_m))
            shift = fit.translation[:, None]
            transforms.append(np.concatenate([0.1 * fit.scale * fit.rotation, shift], axis=1))
            logits.append(3 * np.trace(fit.rotation) - 3)  # surest when upright
        stacked = [torch.from_numpy(np.stack(v)).float() for v in (landmarks, transforms)]
        return NetworkOutput(stacked[0], stacked[1], torch.tensor(logits).float())


@dataclass
class _Balls(FieldBase):
    """Three coloured balls on a grey bar: what the oracle reads."""

    anchors_m: np.ndarray

    @property
    def bounds_m(self) -> np.ndarray:
        return np.array([[-0.18, -0.18, -0.18], [0.18, 0.18, 0.18]])

    def density_and_color(
        self, points_m: torch.Tensor, directions: torch.Tensor, context: RayContext | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        anchors = torch.from_numpy(self.anchors_m).float()
        distance = (points_m[:, None] - anchors).norm(dim=2)
        nearest = distance.argmin(dim=1)
        ball = distance.amin(dim=1) < 0.035
        core = points_m.norm(dim=1) < 0.09
        color = torch.where(ball[:, None], torch.eye(3)[nearest], torch.tensor(0.5))
        return 3000.0 * (ball | core).float(), color


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (np.pi / 2, 0.0, 0.0), (0.9, -1.1, 0.4), (0.0, 3.0, 0.5)])
@pytest.mark.parametrize("unit", [1.0, 40.0])
def test_the_search_carries_any_pose_and_unit_into_the_fields_frame(turn, unit):
    anchors_m = np.array([[0.1, 0.0, 0.02], [-0.06, 0.08, 0.0], [0.0, -0.07, 0.08]])
    points_m = 0.05 * np.random.default_rng(1).normal(size=(68, 3))
    points_m[[36, 45]] = [[-0.045, 0.03, 0.05], [0.045, 0.03, 0.05]]
    config = FieldNetworkConfig(size=24)
    coarse = _Oracle(config, anchors_m, points_m)
    pair = NetworkPair(coarse, _Oracle(FineNetworkConfig(size=24, boxes=1), anchors_m, points_m))
    settings = SearchConfig(
        fine_passes=0,
        coarse_passes=3,
        second_opinion=None,
        cleaning=CleaningConfig(voxels=64, reference=40, skin=9.0),
    )
    rotation = matrix_from_rotation_vector(np.array(turn))
    shift_m = (3.0 * unit, -1.0 * unit, 0.5 * unit)
    found = FieldLandmarker(pair, settings)(MovedField(_Balls(anchors_m), rotation, unit, shift_m))
    assert found.found
    expected_m = unit * points_m @ rotation.T + shift_m
    assert mean_mm(found.points_m / unit, expected_m / unit) < 6
    np.testing.assert_allclose(found.field_from_head[:, :3] / unit, rotation, atol=0.08)
