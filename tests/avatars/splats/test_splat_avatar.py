"""Heads of splats: they ride on the mesh, learn from frames, and survive their files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from mien.avatars.dataset import AvatarData  # noqa: E402
from mien.avatars.skull_frame import vertices_in_skull_m  # noqa: E402
from mien.avatars.splats.config import SplatConfig  # noqa: E402
from mien.avatars.splats.learning import SplatTraining, learn_splats  # noqa: E402
from mien.avatars.splats.player_page import player_content, write_player_page  # noqa: E402
from mien.avatars.splats.splat_avatar import SplatAvatar  # noqa: E402
from mien.avatars.splats.splat_file import load_splat_avatar, save_splat_avatar  # noqa: E402
from mien.avatars.splats.splat_head import steering  # noqa: E402
from mien.cameras import PICTURE_CAMERA_FROM_WORLD  # noqa: E402
from mien.errors import InputError  # noqa: E402
from mien.heads.library import load_head  # noqa: E402

SIZE, FRAMES = 40, 8
SMALL = SplatConfig(on_skin=500, in_hair=100, codes=2, steps=400)


@pytest.fixture(scope="module")
def data() -> AvatarData:
    """A red head whose lower half turns green as the jaw opens, seen from a little to the left and right."""
    head = load_head()
    jaw = head.expression_names.index("jawOpen")
    expression = np.zeros((FRAMES, head.expression_count))
    expression[:, jaw] = np.linspace(0, 1, FRAMES)
    poses = np.tile(PICTURE_CAMERA_FROM_WORLD, (FRAMES, 1, 1))
    poses[:, 2, 3] += 0.8
    poses[:, 0, 3] += np.linspace(-0.02, 0.02, FRAMES)
    rgba = np.zeros((FRAMES, SIZE, SIZE, 4), np.uint8)
    rgba[..., 8:32, 10:30, 3] = 255
    rgba[..., :20, :, 0] = 200
    for row in range(FRAMES):
        rgba[row, 20:, :, :2] = [200 - 180 * row // (FRAMES - 1), 180 * row // (FRAMES - 1)]
    return AvatarData(
        source="drawn.mp4",
        head_name=head.name,
        head_version=head.version,
        expression_names=head.expression_names,
        frames_per_second=25.0,
        identity=np.zeros(head.identity_count),
        expression=expression,
        joint_rotations=np.zeros((FRAMES, 4, 3)),
        intrinsics=np.tile([[100.0, 0, 19.5], [0, 100.0, 19.5], [0, 0, 1]], (FRAMES, 1, 1)),
        camera_from_skull=poses,
        rgba=rgba,
        known=np.full((FRAMES, SIZE, SIZE), 255, np.uint8),
        times_s=np.arange(FRAMES) / 25,
        video_frames=np.arange(FRAMES),
        test=np.arange(FRAMES) == FRAMES - 2,
    )


@pytest.fixture(scope="module")
def avatar(data) -> SplatAvatar:
    return SplatAvatar.of(learn_splats(SplatTraining(data, SMALL)), data)


def test_learning_brings_the_pictures_back(data, avatar):
    """The held-out frame too, whose colour lies between those of others."""
    frame = FRAMES - 2
    shown = avatar.rgba(data.parameters(frame), data.camera(frame)).astype(float)
    wanted = data.rgba[frame].astype(float)
    middle = np.s_[24:30, 14:26]
    assert np.abs(shown[middle] - wanted[middle]).mean() < 35
    assert shown[..., 3][wanted[..., 3] > 0].mean() > 200
    first = avatar.rgba(data.parameters(0), data.camera(0)).astype(float)
    assert first[middle][..., 0].mean() > 120 > shown[middle][..., 0].mean()


def test_the_same_steps_give_the_same_head(data):
    small = replace(SMALL, steps=5)
    first, second = (learn_splats(SplatTraining(data, small)).color_logits for _ in range(2))
    assert torch.equal(first, second)


def test_splats_ride_on_the_mesh(avatar):
    """A head and a camera that are turned alike give the same picture."""
    vertices_m = torch.from_numpy(vertices_in_skull_m(load_head(), avatar.at_rest).astype(np.float32))
    code = avatar.splats.codes(steering(avatar.at_rest))
    turn = np.eye(4)
    turn[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    turn[:3, 3] = [0.1, -0.2, 0.05]
    turned_m = vertices_m @ torch.from_numpy(turn[:3, :3].T.astype(np.float32)) + torch.tensor(
        turn[:3, 3], dtype=torch.float32
    )
    camera = avatar.camera
    other = replace(camera, camera_from_world=camera.camera_from_world @ np.linalg.inv(turn))
    with torch.no_grad():
        same = avatar.splats(vertices_m, code, camera) - avatar.splats(turned_m, code, other)
    assert same.abs().max() < 2e-3


def test_a_file_gives_the_same_avatar(avatar, tmp_path):
    path = save_splat_avatar(avatar, tmp_path / "someone.avatar")
    again = load_splat_avatar(path)
    assert again.source == avatar.source
    difference = again.rgba(avatar.at_rest).astype(int) - avatar.rgba(avatar.at_rest)
    assert np.abs(difference[..., 3]).mean() < 2
    damaged = tmp_path / "damaged.avatar"
    whole = path.read_bytes()
    for cut in (b"", whole[:100], whole[: len(whole) // 2], whole.replace(b"splat_avatar", b"plate_avatar")):
        damaged.write_bytes(cut)
        with pytest.raises(InputError):
            load_splat_avatar(damaged)


def test_a_page_moves_splats_as_the_head_does(avatar):
    """Places in the page, linear in the controls, against the mesh, with several weights at once."""
    head = load_head()
    content = player_content(avatar, sequence=[avatar.at_rest])
    expression = avatar.rest.copy()
    for name, weight in (("jawOpen", 0.6), ("mouthSmileLeft", 0.5), ("browInnerUp", 0.8)):
        expression[head.expression_names.index(name)] += weight
    moved = replace(avatar.at_rest, expression=expression)
    by = (steering(moved) - steering(avatar.at_rest)).numpy()
    count = content["count"]
    moves = np.frombuffer(_raw(content["moves"]["bytes"]), np.int8).reshape(-1, count, 3).astype(float)
    moves *= np.array(content["moves"]["scales"])[:, None, None]
    linear_m = np.einsum("c,cnk->nk", by, moves)
    vertices_m = [
        torch.from_numpy(vertices_in_skull_m(head, one).astype(np.float32)) for one in (avatar.at_rest, moved)
    ]
    assert count == len(avatar.splats)
    true_m = (avatar.splats.anchored(vertices_m[1])[0] - avatar.splats.anchored(vertices_m[0])[0]).numpy()
    assert np.abs(true_m).max() > 5e-3
    assert np.abs(linear_m - true_m).max() < 1e-3
    assert len(content["sequence"]) == 1


def test_a_page_is_one_file_without_links(avatar, tmp_path):
    named = replace(avatar, source="</script><b>evil</b>.mp4")
    text = write_player_page(named, tmp_path / "page.html").read_text("utf-8")
    assert "</script><b>" not in text
    assert "http" not in text.replace("http-equiv", "")
    inside = text.split("const content = ")[1].split(";\n")[0]
    assert json.loads(inside)["source"] == named.source


def _raw(text: str) -> bytes:
    import base64

    return base64.b64decode(text)
