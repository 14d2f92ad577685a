"""Networks are walked before ONNX Runtime takes them: no weights elsewhere, none that are not finite."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.landmarks.networks import SHIPPED, open_session
from mien.landmarks.onnx_checks import check_onnx
from mien.landmarks.predictor import LandmarkPredictor

onnx = pytest.importorskip("onnx", reason="networks are changed with onnx, of the extra mien[train]")
from onnx import TensorProto, external_data_helper, helper, numpy_helper  # noqa: E402


def network(path: Path, nodes: list, weights: np.ndarray | None = None) -> Path:
    values = np.ones(3, np.float32) if weights is None else weights
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


ADD = [helper.make_node("Add", ["image", "w"], ["y"])]


@pytest.mark.parametrize("name", ["search", "realtime", "offline"])
def test_shipped_networks_pass(name: str):
    check_onnx(SHIPPED / f"{name}.onnx")


def test_small_ones_run(tmp_path: Path):
    session = open_session(network(tmp_path / "n.onnx", ADD))
    np.testing.assert_array_equal(session.run(None, {"image": np.zeros(3, np.float32)})[0], np.ones(3))


def _claiming(path: Path) -> None:
    model = onnx.load(network(path, ADD))
    model.graph.initializer[0].dims[0] = 10**12
    onnx.save(model, path)


def _elsewhere(path: Path) -> None:
    model = onnx.load(network(path, ADD, np.ones(5000, np.float32)))
    external_data_helper.convert_model_to_external_data(model, location="../../secret", size_threshold=0)
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    path.write_bytes(model.SerializeToString())


def _constant(path: Path) -> None:
    shape = numpy_helper.from_array(np.array([10**6, 10**6]), "s")
    network(
        path,
        [
            helper.make_node("Constant", [], ["s"], value=shape),
            helper.make_node("ConstantOfShape", ["s"], ["y"]),
        ],
    )


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: network(path, ADD, np.array([1, np.nan, 0], np.float32)), "not finite"),
        (lambda path: network(path, ADD, np.array([1, np.inf, 0], np.float16)), "not finite"),
        (_claiming, "claim 1000000000000 numbers and hold 3"),
        (_elsewhere, "another file"),
        (_constant, "more numbers"),
        (lambda path: network(path, [helper.make_node("Loop", ["w"], ["y"])]), "operation 'Loop'"),
        (
            lambda path: network(path, [helper.make_node("Add", ["image", "w"], ["y"], domain="evil")]),
            "operation",
        ),
        (
            lambda path: network(path, [helper.make_node("MaxPool", ["w"], ["y"], kernel_shape=[10**9])]),
            "size",
        ),
        (lambda path: path.write_bytes(b""), "ONNX"),
        (lambda path: path.write_bytes(b"\xff" * 300), "ONNX"),
        (lambda path: path.write_bytes((SHIPPED / "search.onnx").read_bytes()[:50_000]), "ONNX"),
    ],
)
def test_others_are_refused(tmp_path: Path, write, words: str):
    path = tmp_path / "n.onnx"
    write(path)
    with pytest.raises(InputError, match=words):
        check_onnx(path)
    with pytest.raises(InputError, match=words):
        open_session(path)


@pytest.mark.parametrize(
    "change",
    [
        {"input_size": 1e30},
        {"input_size": None},
        {"set_name": 3},
        {"format_version": True},
        {"sigma_scale": float("nan")},
        {"sigma_scale": -1},
        {"found_evidence": "much"},
        {"looks": [{"scale": -1}]},
        {"looks": [3]},
        {"looks": [{"scale": 1.0, "mirrored": 1}]},
    ],
    ids=str,
)
def test_cards(tmp_path: Path, change: dict):
    shutil.copy(SHIPPED / "realtime.onnx", tmp_path / "net.onnx")
    card = json.loads((SHIPPED / "realtime.card.json").read_text()) | change
    (tmp_path / "net.card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"net\.card\.json"):
        LandmarkPredictor(tmp_path / "net.onnx")


@pytest.mark.parametrize("operation", ["Range", "Tile", "Resize", "EyeLike", "OneHot", "Loop"])
def test_operations_that_make_much_out_of_little_are_refused(tmp_path: Path, operation: str):
    """A few bytes of `Range` ask for sixteen gigabytes; no network of ours needs them."""
    nodes = [helper.make_node(operation, ["image", "w", "w"], ["y"])]
    with pytest.raises(InputError, match=operation):
        check_onnx(network(tmp_path / "n.onnx", nodes))


@pytest.mark.parametrize("size", [2**31, 2**40])
@pytest.mark.parametrize("operation", ["Expand", "ConstantOfShape"])
def test_shapes_of_huge_arrays_are_refused(tmp_path: Path, operation: str, size: int):
    inputs = ["image", "w"] if operation == "Expand" else ["w"]
    path = network(tmp_path / "n.onnx", [helper.make_node(operation, inputs, ["y"])], np.array([size]))
    with pytest.raises(InputError, match="more numbers"):
        check_onnx(path)
