"""MediaPipe's Face Mesh networks as ONNX, with the outputs that we ask for.

Source: Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", and
Grishchenko et al. 2020, "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien.errors import InputError
from mien.landmarks import face_mesh
from mien.learning.onnx_files import INPUT
from mien.learning.onnx_writer import OnnxWriter
from mien.learning.tflite.graph import TfliteGraph, read_tflite
from mien.learning.tflite.mediapipe_operators import MEDIAPIPE_OPERATORS
from mien.learning.tflite.to_onnx import Conversion, convert

if TYPE_CHECKING:
    import onnx

TRUNK_CHANNELS = 128
"""Of the maps that the last shared block gives."""


@dataclass(frozen=True)
class FaceMeshNetwork:
    """A converted network.

    Attributes:
        model: takes `image` (batch, 3, size, size), RGB in [0, 1]. Gives `points` (batch, 468 or 478, 3),
            pixels of the picture with the origin at its corner, x right, y down, z away from the viewer;
            `presence` (batch,), the logit of its being a face; `features`, the last map of the trunk. The
            attention network also gives `mesh` (batch, 468, 3), before its parts are looked at again, and of
            these `lips` (batch, 80, 2), `left_eye` and `right_eye` (batch, 71, 2), `left_iris` and
            `right_iris` (batch, 5, 2), `lip_features`, `right_eye_features` and `left_eye_features`.
            Both give `place_features` (batch, places, 64) and `fine_place_features` (batch, places, 32), what
            their maps of an eighth and a quarter of the picture hold where their own points lie
            (`face_mesh.PLACES`, `face_mesh.FINE_PLACES`; with attention the irises too).
        attention: whether it is the attention network.
        size: side of the picture, pixels.
    """

    model: onnx.ModelProto
    attention: bool
    size: int


def convert_face_mesh(path: str | Path) -> FaceMeshNetwork:
    """Read `face_landmark.tflite` or `face_landmark_with_attention.tflite` of MediaPipe.

    Raises:
        InputError: it is another file, or damaged.
        MissingExtraError: the onnx package is missing.
    """
    graph = read_tflite(path)
    sizes = [int(np.prod(graph.tensors[index].shape)) for index in graph.outputs]
    attention = sizes == [3 * face_mesh.MESH_POINTS, 160, 142, 142, 10, 10, 1]
    if not attention and sizes != [3 * face_mesh.MESH_POINTS, 1]:
        raise InputError(
            f"expected the outputs of a Face Mesh network, got {sizes} numbers; convert face_landmark.tflite "
            "or face_landmark_with_attention.tflite of MediaPipe",
            source=path,
        )
    writer = OnnxWriter("face_mesh_attention" if attention else "face_mesh")
    conversion = convert(graph, writer, input_name=INPUT, custom=MEDIAPIPE_OPERATORS)
    mesh = _points(conversion, graph.outputs[0], 3)
    if attention:
        parts = _parts(conversion)
        points = _refined(writer, mesh, parts)
        writer.output("points", points, (face_mesh.POINTS, 3))
        writer.output("mesh", mesh, (face_mesh.MESH_POINTS, 3))
        for name, part in parts.items():
            writer.output(name, part, (len(PARTS[name]), 2))
    else:
        points = mesh
        writer.output("points", mesh, (face_mesh.MESH_POINTS, 3))
    logit = conversion.names[graph.outputs[-1]]
    flat = writer.constant(np.array([-1], np.int64))
    writer.output("presence", writer.node("Reshape", [logit, flat]), ())
    looked_at = {"features": 0}
    if attention:
        looked_at |= {"lip_features": 1, "right_eye_features": 2, "left_eye_features": 3}
    for name, output in looked_at.items():
        last = _last_map(graph, output)
        height, width, channels = graph.tensors[last].shape[1:]
        writer.output(name, conversion.names[last], (channels, height, width))
    size = graph.tensors[graph.inputs[0]].shape[1]
    irises = face_mesh.IRISES if attention else ()
    for name, share, places in (
        ("place_features", 8, (*face_mesh.PLACES, *irises)),
        ("fine_place_features", 4, (*face_mesh.FINE_PLACES, *irises)),
    ):
        found = _trunk_map(graph, size // share)
        channels = graph.tensors[found].shape[3]
        looked = _at_places(
            writer,
            conversion.names[found],
            points,
            places=places,
            size=size,
            side=size // share,
            channels=channels,
        )
        writer.output(name, looked, (len(places), channels))
    return FaceMeshNetwork(writer.model(), attention, size)


PARTS: dict[str, tuple[int, ...]] = {
    "lips": face_mesh.LIPS,
    "right_eye": face_mesh.RIGHT_EYE,
    "left_eye": face_mesh.LEFT_EYE,
    "right_iris": face_mesh.RIGHT_IRIS,
    "left_iris": face_mesh.LEFT_IRIS,
}
"""The points of the attention network's parts, in its order of outputs (its left is the picture's)."""


def _parts(conversion: Conversion) -> dict[str, str]:
    """Names of the parts' points in ONNX."""
    outputs = conversion.graph.outputs[1:-1]
    return {name: _points(conversion, index, 2) for name, index in zip(PARTS, outputs, strict=True)}


def _points(conversion: Conversion, output: int, dimensions: int) -> str:
    """An output of the file as points (batch, n, dimensions)."""
    count = int(np.prod(conversion.graph.tensors[output].shape)) // dimensions
    shape = conversion.writer.constant(np.array([0, count, dimensions], np.int64))
    return conversion.writer.node("Reshape", [conversion.names[output], shape])


def _refined(writer: OnnxWriter, mesh: str, parts: dict[str, str]) -> str:
    """The mesh with its parts' x and y put in their places, and irises as deep as the lids around them.

    As mediapipe/calculators/util/landmarks_refinement_calculator.cc does by the lists of
    tensors_to_face_landmarks_with_attention.pbtxt.
    """

    def axes(name: str, first: int, end: int) -> str:
        bounds = [writer.constant(np.array([value], np.int64)) for value in (first, end, 2)]
        return writer.node("Slice", [name, *bounds])

    def taken(name: str, indices: np.ndarray) -> str:
        return writer.node("Gather", [name, writer.constant(indices.astype(np.int64))], axis=1)

    # x and y: everything behind each other, and of each point the last that speaks of it
    everything = writer.node("Concat", [axes(mesh, 0, 2), *parts.values()], axis=1)
    spoken_of = np.concatenate([np.arange(face_mesh.MESH_POINTS), *(PARTS[name] for name in parts)])
    last = np.zeros(face_mesh.POINTS, np.int64)
    last[spoken_of] = np.arange(len(spoken_of))
    depth = axes(mesh, 2, 3)
    depths = [depth]
    for eye, iris in ((face_mesh.RIGHT_EYE, face_mesh.RIGHT_IRIS), (face_mesh.LEFT_EYE, face_mesh.LEFT_IRIS)):
        lids = taken(depth, np.array(eye[: face_mesh.LID_EDGE]))
        mean = writer.node("ReduceMean", [lids], axes=[1], keepdims=1)
        depths.extend([mean] * len(iris))
    return writer.node("Concat", [taken(everything, last), writer.node("Concat", depths, axis=1)], axis=2)


def _last_map(graph: TfliteGraph, output: int) -> int:
    """The last wide map on the way to an output: behind it there are fewer channels."""
    made_by = {index: operator for operator in graph.operators for index in operator.outputs}
    index = graph.outputs[output]
    while index in made_by:
        operator = made_by[index]
        shape = graph.tensors[index].shape
        if operator.kind == "PRELU" and len(shape) == 4 and shape[3] == TRUNK_CHANNELS:
            return index
        index = next((each for each in operator.inputs if each in made_by), -1)
    raise InputError(f"has no map of {TRUNK_CHANNELS} channels: it is another network", source=graph.source)


def _trunk_map(graph: TfliteGraph, side: int) -> int:
    """The trunk's last map of a side: the one that is shrunk next."""
    for operator in graph.operators:
        if operator.kind == "MAX_POOL_2D" and graph.tensors[operator.inputs[0]].shape[1] == side:
            return operator.inputs[0]
    raise InputError(f"has no map of {side} × {side}: it is another network", source=graph.source)


def _at_places(
    writer: OnnxWriter,
    looked_at: str,
    points: str,
    *,
    places: tuple[int, ...],
    size: int,
    side: int,
    channels: int,
) -> str:
    """(batch, places, channels) what a map holds where points lie, between its pixels.

    Written out with one look-up of rows: GridSample of ONNX Runtime goes through the map channel by channel,
    which takes longer than a fifth of the network.
    """
    whole, node, count = writer.constant, writer.node, len(places)
    chosen = node("Gather", [points, whole(np.array(places, np.int64))], axis=1)
    bounds = [whole(np.array([value], np.int64)) for value in (0, 2, 2)]
    scaled = node("Mul", [node("Slice", [chosen, *bounds]), whole(np.float32(side / size))])
    half, one = whole(np.float32(0.5)), whole(np.float32(1))
    ends = [whole(np.float32(end)) for end in (0, side - 1)]
    at = node("Clip", [node("Sub", [scaled, half]), *ends])
    # the pixel above and left of each, never of the last row or column: the other three exist then
    low = node("Min", [node("Floor", [at]), whole(np.float32(side - 2))])
    far = node("Sub", [at, low])
    shares = node("Concat", [node("Sub", [one, far]), far], axis=2)  # of left, upper, right and lower
    across, down = ([whole(np.array(order, np.int64))] for order in ([0, 2, 0, 2], [1, 1, 3, 3]))
    share = node("Mul", [node("Gather", [shares, *across], axis=2), node("Gather", [shares, *down], axis=2)])
    first = node("MatMul", [low, whole(np.array([[1], [side]], np.float32))])
    rows = node("Add", [first, whole(np.array([0, 1, side, side + 1], np.float32))])
    rows = node("Reshape", [node("Cast", [rows], to=7), whole(np.array([0, count, 4, 1], np.int64))])
    pixels = node("Reshape", [looked_at, whole(np.array([0, channels, side * side], np.int64))])
    corners = node("GatherND", [node("Transpose", [pixels], perm=[0, 2, 1]), rows], batch_dims=1)
    share = node("Reshape", [share, whole(np.array([0, count, 1, 4], np.int64))])
    seen = node("MatMul", [share, corners])
    return node("Reshape", [seen, whole(np.array([0, count, channels], np.int64))])
