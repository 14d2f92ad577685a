"""Landmark networks as frozen encoders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.encoders import CROP_PX, Encoders
from mien.datasets.landmark_encoder import write_landmark_encoder
from mien.errors import InputError
from mien.landmarks.networks import find_network, open_session, read_card
from mien.learning.onnx_writer import OnnxWriter


def test_an_encoder_gives_the_landmarks_that_its_network_finds(tmp_path: Path):
    source = find_network("realtime")
    written = write_landmark_encoder(source, tmp_path / "seen.onnx")
    encoders = Encoders([written.path])
    crops = np.random.default_rng(0).integers(0, 256, (2, CROP_PX, CROP_PX, 3), np.uint8)
    encoding = encoders(crops)
    image = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    points, log_sigma = open_session(source).run(["points", "log_sigma"], {"image": image})
    np.testing.assert_allclose(encoding.points[..., :2], (np.asarray(points) + 1) * CROP_PX / 2, atol=1e-3)
    assert not encoding.points[..., 2].any()
    # the last features are log σ: as many as landmarks
    np.testing.assert_allclose(encoding.features[:, -320:], log_sigma, atol=1e-5)
    assert encoding.points.shape == (2, written.points, 3)
    assert sum(int(np.prod(shape)) for shape in encoders.map_shapes) == written.features
    # vectors of the whole face are there beside maps of its parts
    assert any(shape[1:] == (1, 1) for shape in encoders.map_shapes)
    assert any(shape[1:] != (1, 1) for shape in encoders.map_shapes)
    assert read_card(written.path).values["source"]["name"] == "realtime"


def test_what_is_no_landmark_network_is_named(tmp_path: Path):
    import onnx

    writer = OnnxWriter("other")
    image = writer.input("image", (3, CROP_PX, CROP_PX))
    mean = writer.node("ReduceMean", [image], axes=[2, 3], keepdims=0)
    writer.output("points", mean, (3,))
    path = tmp_path / "other.onnx"
    onnx.save(writer.model(), path)
    path.with_suffix(".card.json").write_text('{"format_version": 1, "name": "other"}')
    with pytest.raises(InputError, match=r"is no landmark network.*export-read-out"):
        write_landmark_encoder(path, tmp_path / "encoder.onnx")
    assert not (tmp_path / "encoder.onnx").exists()
