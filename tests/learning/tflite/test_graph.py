"""Files of TensorFlow Lite: what is in them comes out, and damaged ones end in InputErrors."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.learning.tflite.flexbuffers import read_flexbuffer
from mien.learning.tflite.graph import read_tflite
from tests.learning.tflite.assembly import Assembly, Table, convolution, flatbuffer, flexbuffer


@pytest.fixture
def small() -> bytes:
    net = Assembly()
    image = net.tensor("image", 1, 4, 4, 2)
    inputs = [image, net.weights(np.arange(54.0).reshape(3, 3, 3, 2), "weights")]
    out = net.run("CONV_2D", inputs, net.tensor("out", 1, 4, 4, 3), convolution(True, 1))
    net.run("Own", [out], net.tensor("own", 1, 2), custom={"sides": [1, -2], "scale": 1.5})
    return net.file([image], [out, len(net.tensors) - 1])


def test_graph_comes_out_as_it_went_in(small, tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(small)
    graph = read_tflite(path)
    assert [tensor.name for tensor in graph.tensors] == ["image", "weights", "weights_float", "out", "own"]
    assert [operator.kind for operator in graph.operators] == ["DEQUANTIZE", "CONV_2D", "Own"]
    assert graph.operators[1].inputs == (0, 2)
    assert (graph.inputs, graph.outputs) == ((0,), (3, 4))
    weights = graph.tensors[1].values
    assert weights is not None
    assert weights.dtype == np.float16
    np.testing.assert_array_equal(weights.reshape(-1), np.arange(54))
    assert graph.index_of("out") == 3
    with pytest.raises(InputError, match="no tensor 'other'"):
        graph.index_of("other")


def test_options_of_own_operators_come_out():
    options = {"name": 3, "scale": 0.25, "sides": [5, -70000, 8], "none": []}
    assert read_flexbuffer(flexbuffer(options), source="x") == options


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "net.tflite"
    with pytest.raises(InputError, match="cannot be read"):
        read_tflite(path)
    for data in (b"", b"TFL3", bytes(40), flatbuffer(Table({}), b"TFL2")):
        path.write_bytes(data)
        with pytest.raises(InputError, match="letters TFL3"):
            read_tflite(path)
    path.write_bytes(flatbuffer(Table({0: ("I", 3)}), b"TFL3"))
    with pytest.raises(InputError, match="one graph, got 0"):
        read_tflite(path)


def test_files_cut_off_are_refused(small, tmp_path):
    path = tmp_path / "net.tflite"
    for length in range(0, len(small) - 8, 7):
        path.write_bytes(small[:length])
        with pytest.raises(InputError):
            read_tflite(path)


def test_damaged_files_end_in_input_errors(small, tmp_path):
    """Whatever bytes are changed: a graph comes out, or an InputError."""
    path, random = tmp_path / "net.tflite", np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        data = bytearray(small)
        for place in random.integers(0, len(data), 3):
            data[place] = random.choice([0, 1, 127, 128, 255])
        path.write_bytes(data)
        try:
            for operator in read_tflite(path).operators:
                if operator.custom_options:
                    read_flexbuffer(operator.custom_options, source=path)
        except InputError:
            refused += 1
    assert 50 < refused < 300


def test_values_of_another_size_than_the_shape_are_refused(tmp_path):
    net = Assembly()
    index = net.constant(np.zeros(6, np.float32), "six")
    net.tensors[index].fields[0] = np.array([7], "<i4")
    path = tmp_path / "net.tflite"
    path.write_bytes(net.file([0], [0]))
    with pytest.raises(InputError, match=r"'six' of shape \(7,\) has 24 bytes, expected 28"):
        read_tflite(path)
