"""MediaPipe's own operators: a network looks again, closer, at places that its own points name.

`Landmarks2TransformMatrix` makes of points the matrix that leads from a small upright patch around them to
the picture, `TransformTensorBilinear` reads such a patch out of a map, and `TransformLandmarks` brings points
found in the patch back. Written as matrix products and `GridSample`; what they mean is given by MediaPipe's
sources, mediapipe/util/tflite/operations (the second version of each).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mien.learning.onnx_writer import OnnxWriter
from mien.learning.tflite.flexbuffers import read_flexbuffer
from mien.learning.tflite.graph import Operator
from mien.learning.tflite.to_onnx import Conversion, Handler

SMALLEST_DISTANCE = 1e-12
"""Of the two points that say what is level; below it the patch has no direction."""
LARGEST_PATCH = 1024
"""Side of a patch, pixels."""


def _options(conversion: Conversion, operator: Operator) -> dict:
    values = read_flexbuffer(operator.custom_options, source=conversion.graph.source)
    if not isinstance(values, dict):
        conversion.fail(operator, "options without names")
    return values


def _number(conversion: Conversion, operator: Operator, name: str) -> float:
    value = _options(conversion, operator).get(name)
    if not isinstance(value, int | float):
        conversion.fail(operator, f"option {name} is {value!r}")
    return value


def patch_points(conversion: Conversion, operator: Operator) -> list[int]:
    """The points that a `Landmarks2TransformMatrix` puts its patch around."""
    points = _options(conversion, operator).get("subset_idxs")
    count = conversion.shape(operator.inputs[0])[1]
    if not isinstance(points, list) or not points or not all(0 <= int(i) < count for i in points):
        conversion.fail(operator, f"option subset_idxs is {points!r}")
    return [int(index) for index in points]


def _patch_matrix(conversion: Conversion, operator: Operator) -> None:
    """Points (batch, n, 3) to the 4 × 4 matrix from the patch's pixels to the points' units.

    The patch is turned so that two given points are level (or at a given angle), and spans all given points
    and a margin, each of its axes by itself.
    """
    writer, points = conversion.writer, conversion.name(operator, 0)
    subset = patch_points(conversion, operator)
    count = conversion.shape(operator.inputs[0])[1]
    ends = [_number(conversion, operator, f"{side}_rotation_idx") for side in ("left", "right")]
    size = [_number(conversion, operator, f"output_{side}") for side in ("width", "height")]
    scale = [_number(conversion, operator, f"scale_{axis}") for axis in "xy"]
    if not all(0 <= index < count for index in ends) or min(size) <= 0:
        conversion.fail(operator, f"points {ends}, size {size}")
    target = _number(conversion, operator, "target_rotation_radians")
    flat = writer.node("Slice", [points, *_integers(writer, [0], [2], [2])])  # x and y only

    # one of unit length from the left to the right end; it gives cosine and sine without an angle
    left, right = (writer.node("Gather", [flat, _integer(writer, [int(i)])], axis=1) for i in ends)
    across = writer.node("Sub", [right, left])
    length = writer.node("ReduceL2", [across], axes=[2], keepdims=1)
    length = writer.node("Max", [length, writer.constant(np.float32(SMALLEST_DISTANCE))])
    level = writer.node("Div", [across, length])  # (batch, 1, 2): cos θ, sin θ
    # rows of the turn by target − θ: (cos, −sin), (sin, cos)
    c, s = math.cos(target), math.sin(target)
    to_rows = np.array([[c, -s, s, c], [s, c, -c, s]], np.float32)
    rows = writer.node("MatMul", [level, writer.constant(to_rows)])
    turn = writer.node("Reshape", [rows, _integer(writer, [0, 2, 2])])
    # a row vector times this matrix turns the vector back, and times its transpose turns it
    chosen = writer.node("Gather", [flat, _integer(writer, subset)], axis=1)
    turned = writer.node("MatMul", [chosen, writer.node("Transpose", [turn], perm=[0, 2, 1])])
    highest = writer.node("ReduceMax", [turned], axes=[1], keepdims=1)
    lowest = writer.node("ReduceMin", [turned], axes=[1], keepdims=1)
    middle = writer.node("Mul", [writer.node("Add", [highest, lowest]), writer.constant(np.float32(0.5))])
    middle = writer.node("MatMul", [middle, turn])  # (batch, 1, 2)

    span = writer.node("Sub", [highest, lowest])
    pixel = writer.constant((np.array(scale) / np.array(size)).astype(np.float32))
    # columns: what a step to the right and one down in the patch are in the picture
    columns = writer.node("Transpose", [turn], perm=[0, 2, 1])
    columns = writer.node("Mul", [columns, writer.node("Mul", [span, pixel])])
    half = writer.constant(np.array(size, np.float32).reshape(2, 1) / 2)
    origin = writer.node("Transpose", [middle], perm=[0, 2, 1])
    origin = writer.node("Sub", [origin, writer.node("MatMul", [columns, half])])
    zeros = writer.node("Mul", [origin, writer.constant(np.float32(0))])  # (batch, 2, 1)
    top = writer.node("Concat", [columns, zeros, origin], axis=2)  # (batch, 2, 4)
    bottom = writer.node("Concat", [zeros, zeros, zeros, zeros], axis=2)
    bottom = writer.node("Add", [bottom, writer.constant(np.eye(4, dtype=np.float32)[2:])])
    conversion.result(operator, "Concat", [top, bottom], axis=1)


def _patch(conversion: Conversion, operator: Operator) -> None:
    """A map (batch, height, width, channels) and a matrix to the patch of the map that the matrix names.

    Pixels have their centres at halves. Where the patch leaves the centres of the map's outermost pixels it
    is 0 at once, without a transition as `GridSample` has it.
    """
    writer = conversion.writer
    height, width = conversion.shape(operator.inputs[0])[1:3]
    out = [int(_number(conversion, operator, f"output_{side}")) for side in ("height", "width")]
    if not 0 < min(out) <= max(out) <= LARGEST_PATCH or min(height, width) < 2:
        conversion.fail(operator, f"a patch of {out} out of a map of {height} × {width}")
    y, x = np.mgrid[: out[0], : out[1]].reshape(2, -1) + 0.5
    centres = np.stack([x, y, np.zeros_like(x), np.ones_like(x)], axis=1).astype(np.float32)
    matrix = writer.node("Slice", [conversion.name(operator, 1), *_integers(writer, [0], [2], [1])])
    places = writer.node(
        "MatMul", [writer.constant(centres), writer.node("Transpose", [matrix], perm=[0, 2, 1])]
    )
    places = writer.node("Sub", [places, writer.constant(np.float32(0.5))])  # (batch, pixels, 2)
    last = writer.constant(np.array([width - 1, height - 1], np.float32))
    clipped = writer.node("Max", [writer.node("Min", [places, last]), writer.constant(np.float32(0))])
    inside = writer.node("Cast", [writer.node("Equal", [places, clipped])], to=1)
    inside = writer.node("ReduceMin", [inside], axes=[2], keepdims=0)  # 1 where both are
    inside = writer.node("Reshape", [inside, _integer(writer, [0, 1, *out])])
    step = writer.constant(np.array([2 / (width - 1), 2 / (height - 1)], np.float32))
    grid = writer.node("Sub", [writer.node("Mul", [clipped, step]), writer.constant(np.float32(1))])
    grid = writer.node("Reshape", [grid, _integer(writer, [0, *out, 2])])
    patch = writer.node(
        "GridSample",
        [conversion.name(operator, 0), grid],
        mode="bilinear",
        padding_mode="border",
        align_corners=1,
    )
    conversion.result(operator, "Mul", [patch, inside])


def _points_back(conversion: Conversion, operator: Operator) -> None:
    """Points (batch, n, 2) through a 4 × 4 matrix."""
    writer = conversion.writer
    if conversion.shape(operator.inputs[0])[2:] != (2,):
        conversion.fail(operator, f"points of shape {conversion.shape(operator.inputs[0])}")
    rows = writer.node("Slice", [conversion.name(operator, 1), *_integers(writer, [0], [2], [1])])
    turn = writer.node("Slice", [rows, *_integers(writer, [0], [2], [2])])
    shift = writer.node("Slice", [rows, *_integers(writer, [3], [4], [2])])
    turn, shift = (writer.node("Transpose", [part], perm=[0, 2, 1]) for part in (turn, shift))
    turned = writer.node("MatMul", [conversion.name(operator, 0), turn])
    conversion.result(operator, "Add", [turned, shift])


def _integer(writer: OnnxWriter, values: Sequence[int]) -> str:
    return writer.constant(np.array(values, np.int64))


def _integers(writer: OnnxWriter, *values: Sequence[int]) -> list[str]:
    return [_integer(writer, each) for each in values]


MEDIAPIPE_OPERATORS: dict[str, Handler] = {
    "Landmarks2TransformMatrix": _patch_matrix,
    "TransformTensorBilinear": _patch,
    "TransformLandmarks": _points_back,
}
"""For `mien.learning.tflite.to_onnx.convert`."""
