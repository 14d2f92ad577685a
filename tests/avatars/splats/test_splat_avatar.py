"""Heads of splats: they ride on the mesh, learn from frames, and survive their files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("numba")

from mien.avatars.dataset import AvatarData  # noqa: E402
from mien.avatars.files import load_avatar, save_avatar  # noqa: E402
from mien.avatars.rig import AvatarControls, Injection, controls_of  # noqa: E402
from mien.avatars.splats.config import SplatAvatarConfig  # noqa: E402
from mien.avatars.splats.player_page import player_content, shown_splats, write_player_page  # noqa: E402
from mien.avatars.splats.splat_avatar import SplatAvatar  # noqa: E402
from mien.avatars.splats.splat_head import steering  # noqa: E402
from mien.avatars.splats.training import train_splat_avatar  # noqa: E402
from mien.cameras import PICTURE_CAMERA_FROM_WORLD  # noqa: E402
from mien.errors import InputError  # noqa: E402
from mien.heads.library import load_head  # noqa: E402

SIZE, FRAMES = 40, 8
SMALL = SplatAvatarConfig(on_skin=500, in_hair=100, codes=2, steps=400)


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
        rgba[row] = np.roll(rgba[row], round(100 * poses[row, 0, 3] / 0.8), axis=1)
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
    return train_splat_avatar(data, SMALL)


def controls(data: AvatarData, frame: int) -> AvatarControls:
    return controls_of(data.expression[frame], data.joint_rotations[frame], data.expression_names)


def at_rest(avatar: SplatAvatar) -> AvatarControls:
    return AvatarControls(np.zeros(avatar.rig.head.expression_count), np.zeros((2, 3)))


def test_learning_brings_the_pictures_back(data, avatar):
    """The held-out frame too, whose colour lies between those of others."""
    frame = FRAMES - 2
    shown = 255 * avatar.picture(controls(data, frame), data.camera(frame))
    wanted = data.rgba[frame].astype(float)
    middle = np.s_[24:30, 14:26]
    assert np.abs(shown[middle] - wanted[middle]).mean() < 35
    assert shown[..., 3][wanted[..., 3] > 0].mean() > 200
    first = 255 * avatar.picture(controls(data, 0), data.camera(0))
    assert first[middle][..., 0].mean() > 120 > shown[middle][..., 0].mean()
    assert avatar.facts.figures["psnr_db"] > 15
    assert (avatar.facts.frames, avatar.facts.steps) == (FRAMES - 1, SMALL.steps)


def test_the_same_steps_give_the_same_head(data, tmp_path):
    """Also when a training is taken up again."""
    small = replace(SMALL, steps=5)
    first, second = (train_splat_avatar(data, small, out=tmp_path / name).splats for name in ("a", "b"))
    assert torch.equal(first.color_logits, second.color_logits)
    again = train_splat_avatar(data, small, out=tmp_path / "b", resume=True).splats
    assert torch.equal(first.color_logits, again.color_logits)
    with pytest.raises(InputError, match="other settings"):
        train_splat_avatar(data, replace(small, codes=3), out=tmp_path / "b", resume=True)


def test_splats_ride_on_the_mesh(avatar):
    """A head and a camera that are turned alike give the same picture."""
    vertices_m = torch.from_numpy(avatar.rig.vertices_m(at_rest(avatar)).astype(np.float32))
    code = avatar.splats.codes(steering(at_rest(avatar)))
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


def test_what_is_injected_stays_where_it_is(avatar):
    """Two blinks that are injected into the left eye close that one."""
    head, rest = avatar.rig.head, at_rest(avatar)
    weights = rest.weights.copy()
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        weights[head.expression_names.index(name)] = 1
    into_left = np.array([any(index in range(42, 48) for index in one) for one in avatar.rig.groups])
    rest_m = avatar.rig.vertices_m(rest)
    moved_m = avatar.rig.vertices_m(rest, injection=Injection(weights, into_left)) - rest_m
    left, right = (np.abs(moved_m[sign * rest_m[:, 0] > 0.01]).max() for sign in (1, -1))
    assert left > 3e-3
    assert right < 0.05 * left
    picture = avatar.picture(rest, avatar.camera, injection=Injection(weights, into_left))
    assert picture.shape == (SIZE, SIZE, 4)
    # Colours follow too, there alone: a code for each splat
    jaw = np.zeros_like(rest.weights)
    jaw[head.expression_names.index("jawOpen")] = 1
    everywhere = np.ones_like(into_left)
    plain, opened = (
        avatar.picture(rest, avatar.camera),
        avatar.picture(replace(rest, weights=jaw), avatar.camera),
    )
    injected = avatar.picture(rest, avatar.camera, injection=Injection(jaw, everywhere))
    np.testing.assert_allclose(injected, opened, atol=0.02)
    assert np.abs(plain - opened).max() > 0.1


def test_files_give_the_same_avatar(avatar, tmp_path):
    folder = save_avatar(avatar, tmp_path / "someone.avatar")
    again = load_avatar(folder)
    assert isinstance(again, SplatAvatar)
    assert again.facts == avatar.facts
    off = again.picture(at_rest(avatar), avatar.camera) - avatar.picture(at_rest(avatar), avatar.camera)
    assert np.abs(off).mean() < 0.01
    weights = folder / "weights.safetensors"
    whole = weights.read_bytes()
    for damaged in (b"", whole[:100], whole[: len(whole) // 2]):
        weights.write_bytes(damaged)
        with pytest.raises(InputError):
            load_avatar(folder)


def test_a_page_moves_splats_as_the_head_does(avatar):
    """Places in the page, linear in the controls, against the mesh, with several weights at once."""
    rig, rest = avatar.rig, at_rest(avatar)
    content = player_content(avatar, sequence=[rest])
    weights = rest.weights.copy()
    for name, weight in (("jawOpen", 0.6), ("mouthSmileLeft", 0.5), ("browInnerUp", 0.8)):
        weights[rig.head.expression_names.index(name)] = weight
    moved = replace(rest, weights=weights)
    by = (steering(moved) - steering(rest)).numpy()
    count = content["count"]
    moves = np.frombuffer(_raw(content["moves"]["bytes"]), np.int8).reshape(-1, count, 3).astype(float)
    moves *= np.array(content["moves"]["scales"])[:, None, None]
    linear_m = np.einsum("c,cnk->nk", by, moves)
    vertices_m = [torch.from_numpy(rig.vertices_m(one).astype(np.float32)) for one in (rest, moved)]
    kept = shown_splats(avatar.splats)
    assert count == kept.sum() > 0.3 * len(avatar.splats)
    true_m = (avatar.splats.anchored(vertices_m[1])[0] - avatar.splats.anchored(vertices_m[0])[0]).numpy()[
        kept
    ]
    assert np.abs(true_m).max() > 5e-3
    assert np.abs(linear_m - true_m).max() < 1e-3
    assert len(content["sequence"]) == 1


def test_a_page_is_one_file_without_links(avatar, tmp_path):
    facts = replace(avatar.facts, source="</script><b>evil</b>.mp4")
    named = SplatAvatar(avatar.splats, avatar.rig, camera=avatar.camera, facts=facts)
    text = write_player_page(named, tmp_path / "page.html").read_text("utf-8")
    assert "</script><b>" not in text
    assert "http" not in text.replace("http-equiv", "")
    inside = text.split("const content = ")[1].split(";\n")[0]
    assert json.loads(inside)["source"] == facts.source


def _raw(text: str) -> bytes:
    import base64

    return base64.b64decode(text)
