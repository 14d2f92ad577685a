"""Graphs of TensorFlow Lite give, as ONNX, what their operators mean."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from mien.errors import InputError
from mien.learning.onnx_writer import OnnxWriter
from mien.learning.tflite.graph import read_tflite
from mien.learning.tflite.mediapipe_operators import MEDIAPIPE_OPERATORS
from mien.learning.tflite.to_onnx import convert
from tests.learning.tflite.assembly import Assembly, convolution


def answers(data: bytes, tmp_path, image: np.ndarray) -> list[np.ndarray]:
    """What the outputs of a file are, as ONNX; pictures with their channels last."""
    path = tmp_path / "net.tflite"
    path.write_bytes(data)
    graph = read_tflite(path)
    writer = OnnxWriter("test")
    conversion = convert(graph, writer, input_name="image", custom=MEDIAPIPE_OPERATORS)
    ranks = []
    for number, index in enumerate(graph.outputs):
        shape = graph.tensors[index].shape
        ranks.append(len(shape))
        shape = (shape[3], *shape[1:3]) if len(shape) == 4 else shape[1:]
        writer.output(f"output_{number}", conversion.names[index], shape)
    session = onnxruntime.InferenceSession(writer.model().SerializeToString())
    given = np.ascontiguousarray(image.transpose(0, 3, 1, 2), np.float32)
    found = [np.asarray(value) for value in session.run(None, {"image": given})]
    return [
        value.transpose(0, 2, 3, 1) if rank == 4 else value for value, rank in zip(found, ranks, strict=True)
    ]


def convolved(image, weights, bias, stride: int, same: bool, *, separate: bool) -> np.ndarray:
    """A convolution by its definition; weights (out, height, width, in), of separate channels (1, …, out)."""
    rows, columns = weights.shape[1:3]
    if same:
        pads = []
        for size, kernel in zip(image.shape[1:3], (rows, columns), strict=True):
            missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads.append((missing // 2, missing - missing // 2))
        image = np.pad(image, ((0, 0), *pads, (0, 0)))
    out = []
    for y in range(0, image.shape[1] - rows + 1, stride):
        for x in range(0, image.shape[2] - columns + 1, stride):
            window = image[:, y : y + rows, x : x + columns]
            form = "bhwc,zhwc->bc" if separate else "bhwc,ohwc->bo"
            out.append(np.einsum(form, window, weights) + bias)
    height = (image.shape[1] - rows) // stride + 1
    return np.stack(out, axis=1).reshape(len(image), height, -1, len(bias))


@pytest.mark.parametrize("size", [7, 8])
def test_network_with_every_operator(size, tmp_path):
    random = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float16)

    net, half = Assembly(), (size + 1) // 2
    image = net.tensor("image", 1, size, size, 3)
    w1, b1, slopes = numbers(4, 3, 3, 3), numbers(4), numbers(1, 1, 4)
    inputs = [image, net.weights(w1, "w1"), net.weights(b1, "b1")]
    first = net.run("CONV_2D", inputs, net.tensor("first", 1, half, half, 4), convolution(True, 2))
    inputs = [first, net.weights(slopes, "slopes")]
    second = net.run("PRELU", inputs, net.tensor("second", 1, half, half, 4))
    w2, b2 = numbers(1, 3, 3, 4), numbers(4)
    inputs = [second, net.weights(w2, "w2"), net.weights(b2, "b2")]
    options = convolution(True, 1, depthwise=True, activation=1)
    third = net.run("DEPTHWISE_CONV_2D", inputs, net.tensor("third", 1, half, half, 4), options)
    summed = net.run("ADD", [second, third], net.tensor("summed", 1, half, half, 4), {0: ("b", 0)})
    options = {0: ("b", 1), 1: ("i", 2), 2: ("i", 2), 3: ("i", 2), 4: ("i", 2)}
    pooled = net.run("MAX_POOL_2D", [summed], net.tensor("pooled", 1, 2, 2, 4), options)
    amounts = net.constant(np.array([[0, 0], [0, 0], [0, 0], [0, 2]], np.int32), "amounts")
    wide = net.run("PAD", [pooled, amounts], net.tensor("wide", 1, 2, 2, 6))
    factors = numbers(1, 2, 2, 6).astype(np.float32)
    factor = net.constant(factors, "factor")
    scaled = net.run("MUL", [wide, factor], net.tensor("scaled", 1, 2, 2, 6), {0: ("b", 3)})
    flat = net.run("RESHAPE", [scaled], net.tensor("flat", 1, 8, 3), {})
    bounds = [net.constant(np.array(values, np.int32)) for values in ([0, 0, 0], [1, 8, 3], [1, 1, 1])]
    copy = net.run("STRIDED_SLICE", [flat, *bounds], net.tensor("points", 1, 8, 3), {})
    w3, b3 = numbers(5, 2, 2, 6), numbers(5)
    inputs = [scaled, net.weights(w3, "w3"), net.weights(b3, "b3")]
    last = net.run("CONV_2D", inputs, net.tensor("last", 1, 1, 1, 5), convolution(False, 1))

    pictures = random.normal(size=(3, size, size, 3))
    found = answers(net.file([image], [second, copy, last]), tmp_path, pictures)

    one = convolved(pictures, w1.astype(float), b1, 2, True, separate=False)
    two = np.where(one > 0, one, one * slopes)
    three = two + np.maximum(convolved(two, w2.astype(float), b2, 1, True, separate=True), 0)
    four = three[:, :4, :4].reshape(3, 2, 2, 2, 2, 4).max((2, 4))
    five = np.clip(np.pad(four, ((0, 0), (0, 0), (0, 0), (0, 2))) * factors, 0, 6)
    six = convolved(five, w3.astype(float), b3, 1, False, separate=False)
    for value, expected in zip(found, (two, five.reshape(3, 8, 3), six), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-4)


def test_mediapipe_operators_mean_what_they_do(tmp_path):
    """A patch around points, read out of a map that it partly leaves, and points brought back out of it."""
    random = np.random.default_rng(1)
    net = Assembly()
    image = net.tensor("image", 1, 9, 12, 2)
    weights = random.normal(size=(15, 9, 12, 2)).astype(np.float16)
    middle = np.tile([6, 4.5, 0], 5)
    inputs = [image, net.weights(weights, "w"), net.weights(middle, "b")]
    seen = net.run("CONV_2D", inputs, net.tensor("seen", 1, 1, 1, 15), convolution(False, 1))
    points = net.run("RESHAPE", [seen], net.tensor("points", 1, 5, 3), {})
    options = {
        "left_rotation_idx": 3, "right_rotation_idx": 1, "subset_idxs": [0, 2, 4], "scale_x": 1.5,
        "scale_y": 1.25, "output_width": 5, "output_height": 4, "target_rotation_radians": 0.5,
    }  # fmt: skip
    matrix = net.tensor("matrix", 1, 4, 4)
    net.run("Landmarks2TransformMatrix", [points], matrix, custom=options)
    patch = net.tensor("patch", 1, 4, 5, 2)
    size = {"output_width": 5, "output_height": 4}
    net.run("TransformTensorBilinear", [image, matrix], patch, custom=size)
    given = random.uniform(0, 4, (3, 2)).astype(np.float32)
    inside = net.constant(given[None])
    back = net.tensor("back", 1, 3, 2)
    net.run("TransformLandmarks", [inside, matrix], back, custom={"dimensions": 2})
    pictures = random.normal(scale=0.25, size=(6, 9, 12, 2))
    found = answers(net.file([image], [points, matrix, patch, back]), tmp_path, pictures)

    outside = 0
    for index, picture in enumerate(pictures):
        own = (np.einsum("hwc,ohwc->o", picture, weights.astype(float)) + middle).reshape(5, 3)[:, :2]
        np.testing.assert_allclose(found[0][index, :, :2], own, atol=1e-5)
        level = own[1] - own[3]
        angle = 0.5 - np.arctan2(level[1], level[0])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned = own[[0, 2, 4]] @ turn.T
        low, high = turned.min(0), turned.max(0)
        linear = turn.T @ np.diag((high - low) * [1.5, 1.25] / [5, 4])
        shift = turn.T @ (low + high) / 2 - linear @ [2.5, 2]
        expected = np.eye(4)
        expected[:2, :2], expected[:2, 3] = linear, shift
        np.testing.assert_allclose(found[1][index], expected, atol=1e-4)
        np.testing.assert_allclose(found[3][index], given @ linear.T + shift, atol=1e-4)
        for y in range(4):
            for x in range(5):
                at = linear @ [x + 0.5, y + 0.5] + shift - 0.5
                value = np.zeros(2)
                if 0 <= at[0] <= 11 and 0 <= at[1] <= 8:
                    column, row = min(int(at[0]), 10), min(int(at[1]), 7)
                    right, down = at[0] - column, at[1] - row
                    above, below = (picture[r, column : column + 2] for r in (row, row + 1))
                    across = np.array([1 - right, right])
                    value = (1 - down) * across @ above + down * across @ below
                else:
                    outside += 1
                np.testing.assert_allclose(found[2][index, y, x], value, atol=1e-4)
    assert 0 < outside < 6 * 20


@pytest.mark.parametrize(
    ("kind", "inputs", "shape", "reason"),
    [
        ("ADD", [0, 1], (1, 4, 4, 2), "not computed before"),
        ("RESHAPE", [0], (1, 5), r"\(1, 4, 4, 2\) to \(1, 5\)"),
        ("STRIDED_SLICE", [0, 2, 2, 2], (1, 4, 4, 2), "a part only"),
        ("CONV_2D", [0, 1], (1, 4, 4, 2), "input 1 is not constant"),
        ("PRELU", [0], (1, 4, 4, 2), "input 1"),
    ],
)
def test_operators_in_uses_that_are_unknown_are_named(kind, inputs, shape, reason, tmp_path):
    net = Assembly()
    image = net.tensor("image", 1, 4, 4, 2)
    net.tensor("never", 1, 4, 4, 2)
    net.constant(np.zeros(4, np.int32))
    out = net.run(kind, inputs, net.tensor("out", *shape), {})
    with pytest.raises(InputError, match=reason):
        answers(net.file([image], [out]), tmp_path, np.zeros((1, 4, 4, 2)))


def test_somebody_elses_operator_is_named(tmp_path):
    net = Assembly()
    image = net.tensor("image", 1, 4, 4, 2)
    out = net.run("TheirOwn", [image], net.tensor("out", 1, 4, 4, 2), custom={})
    with pytest.raises(InputError, match=r"TheirOwn .* only ADD, .* are known"):
        answers(net.file([image], [out]), tmp_path, np.zeros((1, 4, 4, 2)))
