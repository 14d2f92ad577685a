"""Matrices stored with 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from mien.landmarks.networks import open_session
from mien.learning.byte_weights import store_in_bytes
from mien.learning.onnx_writer import OnnxWriter


def test_products_hardly_change_and_the_file_shrinks(tmp_path: Path):
    rng = np.random.default_rng(0)
    large = rng.normal(size=(200, 50)).astype(np.float32) * rng.uniform(0.01, 3, 50).astype(np.float32)
    small = rng.normal(size=(50, 4)).astype(np.float32)
    writer = OnnxWriter("products")
    x = writer.input("x", (200,))
    inner = writer.node("MatMul", [x, writer.constant(large)])
    writer.output("inner", inner, (50,))
    writer.output("y", writer.node("MatMul", [inner, writer.constant(small)]), (4,))
    model = writer.model()
    before = len(model.SerializeToString())
    given = rng.normal(size=(3, 200)).astype(np.float32)

    def answers(name: str) -> tuple[np.ndarray, np.ndarray]:
        path = tmp_path / name
        onnx.save(model, path)
        inner, y = open_session(path).run(["inner", "y"], {"x": given})
        return np.asarray(inner), np.asarray(y)

    exact, _ = answers("exact.onnx")
    saved = store_in_bytes(model, least_values=1000)
    assert saved == 3 * large.size
    assert len(model.SerializeToString()) < before - 0.9 * saved
    near, _ = answers("bytes.onnx")
    # each column has a step of its own, and its weights are at most half a step off
    most = np.abs(given).sum(axis=1, keepdims=True) * np.abs(large).max(axis=0) / 127 / 2
    assert (np.abs(near - exact) <= most + 1e-4).all()
    assert (near != exact).any()
    # smaller matrices are as they were
    assert any(np.array_equal(onnx.numpy_helper.to_array(t), small) for t in model.graph.initializer)
