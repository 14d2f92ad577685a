"""FLAME files: what they hold comes out, and nothing that they name is run."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.formats.flame import JAW, NECK
from mien.heads.formats.flame_parameters import flame_parameters
from mien.heads.library import load_head
from tests.heads.formats.files import COUNT, flame_arrays, write_flame_pickle


def flame_vertices(arrays, betas, pose, *, joint_betas=None):
    """FLAME itself: blend shapes, pose correctives, linear blend skinning (Li et al. 2017, eqs. 1–4)."""
    rest = arrays["v_template"] + arrays["shapedirs"] @ betas
    of_joints = betas if joint_betas is None else joint_betas
    joints = arrays["J_regressor"] @ (arrays["v_template"] + arrays["shapedirs"] @ of_joints)
    rotations = [matrix_from_rotation_vector(turn) for turn in pose]
    feature = np.concatenate([(rotation - np.eye(3)).reshape(-1) for rotation in rotations[1:]])
    rest = rest + arrays["posedirs"] @ feature
    world = []
    for joint, parent in enumerate([-1, 0, 1, 1, 1]):
        move = np.eye(4)
        move[:3, :3] = rotations[joint]
        move[:3, 3] = joints[joint] - rotations[joint] @ joints[joint]
        world.append(move if parent < 0 else world[parent] @ move)
    blended = np.einsum("vj,jab->vab", arrays["weights"], np.array(world))
    return np.einsum("vab,vb->va", blended, np.column_stack([rest, np.ones(COUNT)]))[:, :3]


@pytest.fixture(params=["pkl", "npz"])
def file(request, tmp_path: Path) -> Path:
    path = tmp_path / f"flame.{request.param}"
    if request.param == "pkl":
        write_flame_pickle(path, flame_arrays())
    else:
        np.savez(path, **flame_arrays())
    return path


def test_identity_and_expression_are_flames(file):
    head, arrays = load_head(file), flame_arrays()
    rng = np.random.default_rng(1)
    betas = np.zeros(400)
    betas[:100], betas[300:303] = rng.normal(size=100), (0.5, -0.8, 1.2)
    expression = np.zeros(head.expression_count)
    for name, value in (("flame000Plus", 0.5), ("flame001Minus", 0.8), ("flame002Plus", 1.2)):
        expression[head.expression_names.index(name)] = 0.4 * value
    vertices_m = head.vertices_m(replace(head.neutral(), identity=betas[:100], expression=expression))
    np.testing.assert_allclose(vertices_m, flame_vertices(arrays, betas, np.zeros((5, 3))), atol=1e-12)


def test_joints_are_flames_but_for_correctives(file):
    head, arrays = load_head(file), flame_arrays()
    arrays["posedirs"] = np.zeros_like(arrays["posedirs"])
    rng = np.random.default_rng(2)
    betas = np.zeros(400)
    betas[:100] = rng.normal(size=100)
    pose = 0.3 * rng.normal(size=(5, 3))
    pose[0] = pose[JAW] = 0
    parameters = replace(
        head.neutral(),
        identity=betas[:100],
        joint_rotations=np.stack([np.zeros(3), pose[NECK], pose[3], pose[4]]),
    )
    np.testing.assert_allclose(head.vertices_m(parameters), flame_vertices(arrays, betas, pose), atol=1e-12)


def test_jaw_open_is_flames_jaw(file):
    head, arrays = load_head(file), flame_arrays()
    pose = np.zeros((5, 3))
    pose[JAW, 0] = 0.4
    expression = np.zeros(head.expression_count)
    expression[head.expression_names.index("jawOpen")] = 1
    vertices_m = head.vertices_m(replace(head.neutral(), expression=expression))
    np.testing.assert_allclose(vertices_m, flame_vertices(arrays, np.zeros(400), pose), atol=1e-12)


def test_parameters_go_back_to_flame(file):
    head, arrays = load_head(file), flame_arrays()
    arrays["posedirs"] = np.zeros_like(arrays["posedirs"])
    rng = np.random.default_rng(4)
    expression = rng.uniform(size=head.expression_count)
    expression[:3] = 0  # the jaw's path is another
    parameters = replace(
        head.neutral(),
        identity=rng.normal(size=100),
        expression=expression,
        joint_rotations=np.stack([np.zeros(3), *(0.2 * rng.normal(size=(3, 3)))]),
        root_rotation=0.5 * rng.normal(size=3),
        root_translation_m=rng.normal(size=3),
    )
    found = flame_parameters(head, parameters)
    betas = np.zeros(400)
    betas[:100], betas[300:350] = found.shape, found.expression
    eyes = found.eyes_pose.reshape(2, 3)
    pose = np.stack([found.global_pose, found.neck_pose, found.jaw_pose, *eyes])
    # mien's joints follow identity alone; take FLAME's there.
    with_joints = flame_vertices(arrays, betas, pose, joint_betas=np.where(np.arange(400) < 300, betas, 0))
    np.testing.assert_allclose(head.vertices_m(parameters), with_joints + found.translation_m, atol=1e-12)


def test_a_fully_open_jaw_is_flames_jaw_pose(file):
    head = load_head(file)
    expression = np.zeros(head.expression_count)
    expression[[head.expression_names.index(name) for name in ("jawOpen", "jawRight")]] = 1
    jaw = flame_parameters(head, replace(head.neutral(), expression=expression)).jaw_pose
    np.testing.assert_allclose(jaw, [0.4, -0.15, 0])


def test_parameters_of_other_heads_are_refused(file):
    head = load_head(file)
    with pytest.raises(InputError, match="no FLAME"):
        flame_parameters(load_head(), load_head().neutral())
    with pytest.raises(InputError, match="identity"):
        flame_parameters(head, load_head().neutral())
    turned = replace(head.neutral(), joint_rotations=np.full((4, 3), 0.1))
    with pytest.raises(InputError, match="neck"):
        flame_parameters(head, turned)


class _Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_runs_something_is_refused_and_not_run(tmp_path: Path, protocol: int):
    trap = tmp_path / "ran"
    (tmp_path / "bad.pkl").write_bytes(
        pickle.dumps({**flame_arrays(), "extra": _Attack(trap)}, protocol=protocol)
    )
    with pytest.raises(InputError, match="runs nothing"):
        load_head(tmp_path / "bad.pkl")
    assert not trap.exists()


@pytest.mark.parametrize(
    "name", [b"cos\nsystem\n", b"cbuiltins\neval\n", b"cnumpy\nload\n", b"cscipy.sparse\nx\n"]
)
def test_names_that_are_not_on_the_list(tmp_path: Path, name: bytes):
    (tmp_path / "bad.pkl").write_bytes(b"(dS'v'\n" + name + b"(S'1'\ntRs.")
    with pytest.raises(InputError, match="asks for"):
        load_head(tmp_path / "bad.pkl")


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a pickle", pickle.dumps([1, 2])])
def test_what_is_no_model(tmp_path: Path, content: bytes):
    (tmp_path / "bad.pkl").write_bytes(content)
    with pytest.raises(InputError):
        load_head(tmp_path / "bad.pkl")


def test_a_missing_array_is_named(tmp_path: Path):
    arrays = flame_arrays()
    del arrays["J_regressor"]
    np.savez(tmp_path / "flame.npz", **arrays)
    with pytest.raises(InputError, match="J_regressor"):
        load_head(tmp_path / "flame.npz")
