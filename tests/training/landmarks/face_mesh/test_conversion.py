"""Networks of Face Mesh's form are taken over whole: names, shapes, refinement, card."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from mien.commands.app import main
from mien.errors import InputError
from mien.landmarks import face_mesh
from mien.training.landmarks.face_mesh.conversion import convert_face_mesh
from tests.learning.tflite.assembly import Assembly, convolution

PARTS = {"lips": 80, "right_eye": 71, "left_eye": 71, "right_iris": 5, "left_iris": 5}


SIDE, CHANNELS = 16, 3
POOL = {0: ("b", 0), 1: ("i", 2), 2: ("i", 2), 3: ("i", 2), 4: ("i", 2)}


def tiny_face_mesh(outputs: list[int]) -> bytes:
    """Maps of a quarter and an eighth of a picture of 16 × 16, a trunk of 128 channels, a layer an output."""
    random, net = np.random.default_rng(0), Assembly()
    image = made = net.tensor("image", 1, SIDE, SIDE, 3)
    for step, (stride, side) in enumerate(((4, 4), (2, 2))):
        weights = net.weights(random.normal(size=(CHANNELS, stride, stride, 3)), f"m{step}")
        inputs = [made, weights, net.weights(np.ones(CHANNELS), f"o{step}")]
        map_ = net.tensor(f"map{step}", 1, side, side, CHANNELS)
        made = net.run("CONV_2D", inputs, map_, convolution(True, stride))
        slopes = net.weights(random.uniform(0, 1, (1, 1, CHANNELS)), f"p{step}")
        made = net.run("PRELU", [made, slopes], net.tensor(f"act{step}", 1, side, side, CHANNELS))
        pooled = net.tensor(f"pooled{step}", 1, side // 2, side // 2, CHANNELS)
        net.run("MAX_POOL_2D", [made], pooled, POOL)
    inputs = [image, net.weights(random.normal(size=(128, 3, 3, 3)), "w"), net.weights(np.ones(128), "b")]
    trunk = net.run("CONV_2D", inputs, net.tensor("conv", 1, 2, 2, 128), convolution(True, 8))
    slopes = net.weights(random.uniform(0, 1, (1, 1, 128)), "slopes")
    trunk = net.run("PRELU", [trunk, slopes], net.tensor("trunk", 1, 2, 2, 128))
    found = []
    for index, size in enumerate(outputs):
        weights = net.weights(random.normal(size=(size, 2, 2, 128)), f"w{index}")
        inputs = [trunk, weights, net.weights(random.normal(size=size), f"b{index}")]
        found.append(net.run("CONV_2D", inputs, net.tensor("presence", 1, 1, 1, size), convolution(False, 1)))
    return net.file([image], found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("face_mesh")
    (folder / "plain.tflite").write_bytes(tiny_face_mesh([1404, 1]))
    (folder / "attention.tflite").write_bytes(tiny_face_mesh([1404, 160, 142, 142, 10, 10, 1]))
    (folder / "other.tflite").write_bytes(tiny_face_mesh([1404, 2]))
    return folder


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(1).random((3, 3, SIDE, SIDE), dtype=np.float32)


def answers(model, pictures: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model)
    names = [entry.name for entry in session.get_outputs()]
    return {
        name: np.asarray(value)
        for name, value in zip(names, session.run(names, {"image": pictures}), strict=True)
    }


def test_plain_network_has_the_documented_outputs(folder, pictures):
    network = convert_face_mesh(folder / "plain.tflite")
    assert (network.attention, network.size) == (False, SIDE)
    found = answers(network.model.SerializeToString(), pictures)
    shapes = {name: value.shape for name, value in found.items()}
    assert shapes == {
        "points": (3, 468, 3),
        "presence": (3,),
        "features": (3, 128, 2, 2),
        "place_features": (3, len(face_mesh.PLACES), CHANNELS),
        "fine_place_features": (3, len(face_mesh.FINE_PLACES), CHANNELS),
    }
    one = answers(network.model.SerializeToString(), pictures[1:2])
    np.testing.assert_allclose(one["points"][0], found["points"][1], atol=1e-4)


def test_attention_refines_the_mesh(folder, pictures):
    """x and y of lips, eyes and irises are the parts' own; depth is the mesh's, of irises the lids'."""
    network = convert_face_mesh(folder / "attention.tflite")
    assert network.attention
    found = answers(network.model.SerializeToString(), pictures)
    assert {name: found[name].shape for name in PARTS} == {name: (3, n, 2) for name, n in PARTS.items()}
    expected = np.concatenate([found["mesh"], np.zeros((3, 10, 3))], axis=1)
    for name in PARTS:
        expected[:, list(getattr(face_mesh, name.upper())), :2] = found[name]
    for side in ("LEFT", "RIGHT"):
        lids = getattr(face_mesh, f"{side}_EYE")[:16]
        iris = getattr(face_mesh, f"{side}_IRIS")
        expected[:, list(iris), 2] = found["mesh"][:, list(lids), 2].mean(1)[:, None]
    np.testing.assert_allclose(found["points"], expected, atol=1e-4)


def test_places_hold_what_the_maps_hold_where_the_points_lie(folder, pictures):
    """Against OpenCV's remap; beyond the map, its edge goes on."""
    import cv2

    network = convert_face_mesh(folder / "attention.tflite")
    map_ = _looked_at(network.model, pixels=4 * 4)
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    model.graph.output.append(onnx.helper.make_tensor_value_info(map_, onnx.TensorProto.FLOAT, None))
    found = answers(model.SerializeToString(), pictures)
    places = [*face_mesh.FINE_PLACES, *face_mesh.IRISES]
    for index in range(len(pictures)):
        at = found["points"][index, places, :2] * (4 / SIDE) - 0.5
        x, y = at.astype(np.float32).T
        expected = cv2.remap(
            np.ascontiguousarray(found[map_][index].transpose(1, 2, 0)),
            np.clip(x, 0, 3)[None],
            np.clip(y, 0, 3)[None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0]
        np.testing.assert_allclose(found["fine_place_features"][index], expected, atol=0.05)


def _looked_at(model: onnx.ModelProto, *, pixels: int) -> str:
    """The map of that many pixels that places are read from."""
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    (name,) = (
        node.input[0]
        for node in model.graph.node
        if node.op_type == "Reshape" and values[node.input[1]].tolist() == [0, CHANNELS, pixels]
    )
    return name


def test_other_networks_are_refused(folder):
    with pytest.raises(InputError, match=r"outputs of a Face Mesh network, got \[1404, 2\]"):
        convert_face_mesh(folder / "other.tflite")


def test_damaged_files_end_in_input_errors(folder, tmp_path):
    data, path = (folder / "plain.tflite").read_bytes(), tmp_path / "damaged.tflite"
    random, structure = np.random.default_rng(0), 1500  # the values of weights may be any
    head, tail = np.arange(structure), len(data) - 1 - np.arange(structure)
    refused = 0
    for _ in range(40):
        changed = bytearray(data)
        for place in random.choice(np.concatenate([head, tail]), 3):
            changed[place] = random.choice([0, 1, 127, 128, 255])
        path.write_bytes(changed)
        try:
            convert_face_mesh(path)
        except InputError:
            refused += 1
    assert refused > 10


def test_command_writes_the_network_and_its_card(folder, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["train", "face-mesh", "--tflite", str(folder / "attention.tflite"), "--out", str(out)]) == 0
    assert "face_mesh_attention.onnx" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == [
        "face_mesh_attention.card.json",
        "face_mesh_attention.onnx",
    ]
    network = convert_face_mesh(folder / "attention.tflite")
    written = answers(out / "face_mesh_attention.onnx", pictures)
    for name, value in answers(network.model.SerializeToString(), pictures).items():
        np.testing.assert_allclose(written[name], value, atol=1e-4)
    card = json.loads((out / "face_mesh_attention.card.json").read_text())
    assert card["licence"] == "Apache-2.0"
    assert card["source"]["authors"] == "The MediaPipe Authors"
    assert len(card["source"]["sha256"]) == 64
    assert card["figures"]["difference_by_half_weights"] == 0
    assert card["outputs"]["points"] == ["batch", 478, 3]
    assert card["input_size"] == SIDE
