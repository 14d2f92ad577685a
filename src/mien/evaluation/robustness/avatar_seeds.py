"""Good avatars and prepared frames, small ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.heads.library import load_head

_FRAMES, _SIDE = 3, 12


def write_avatar_data(folder: Path) -> None:
    """Frames as `mien avatar prepare` writes them."""
    from mien.avatars.dataset import AvatarData
    from mien.avatars.dataset_files import save_avatar_data

    head, rng = load_head(), np.random.default_rng(4)
    save_avatar_data(
        AvatarData(
            source="clip.mp4",
            head_name=head.name,
            head_version=head.version,
            expression_names=head.expression_names,
            frames_per_second=25.0,
            identity=rng.normal(size=head.identity_count),
            expression=rng.random((_FRAMES, head.expression_count)),
            joint_rotations=0.1 * rng.normal(size=(_FRAMES, 4, 3)),
            intrinsics=np.tile(_camera().intrinsics, (_FRAMES, 1, 1)),
            camera_from_skull=np.tile(_camera().camera_from_world, (_FRAMES, 1, 1)),
            rgba=rng.integers(0, 255, (_FRAMES, _SIDE, _SIDE, 4)).astype(np.uint8),
            known=np.full((_FRAMES, _SIDE, _SIDE), 255, np.uint8),
            times_s=np.arange(_FRAMES) / 25,
            video_frames=np.arange(_FRAMES),
            test=np.arange(_FRAMES) == 2,
        ),
        folder / "frames",
    )


def write_prepared_folder(folder: Path) -> None:
    """Pictures as others' trackers leave them for their avatar trainers."""
    from mien.images.writing import write_image

    frames = folder / "made"
    parts = {"transforms_train.json": range(3), "transforms_test.json": range(3, 5)}
    for part, numbers in parts.items():
        listed = [{"file_path": f"images/{number:05d}", "timestep_index": number} for number in numbers]
        (frames / "images").mkdir(parents=True, exist_ok=True)
        (frames / part).write_text(json.dumps({"fl_x": 30.0, "frames": listed}), encoding="utf-8")
        for number in numbers:
            picture = np.full((_SIDE, _SIDE, 3), 40 * number, np.uint8)
            write_image(frames / f"images/{number:05d}.png", picture)


def write_surface_avatar(folder: Path) -> None:
    """An avatar drawn on the fitted head."""
    import mien
    from mien.avatars.avatar import AvatarFacts
    from mien.avatars.surface_making import new_surface_avatar

    identity = np.zeros(load_head().identity_count)
    config = mien.SurfaceAvatarConfig(texture=8, plane=4, texture_features=2, plane_features=1, width=2)
    avatar = new_surface_avatar(
        config, identity, camera=_camera(), facts=AvatarFacts("clip.mp4", 3, 1, 0.5, _SIDE)
    )
    mien.save_avatar(avatar, folder / "face.avatar")


def write_field_avatar(folder: Path) -> None:
    """An avatar of local deformation fields."""
    import mien
    from mien.avatars.avatar import AvatarFacts
    from mien.avatars.field_avatar import FieldAvatar
    from mien.avatars.model import AvatarModel
    from mien.avatars.rig import AvatarRig
    from mien.avatars.space import head_bounds_m
    from mien.fields.config import FieldConfig
    from mien.fields.grids.occupancy import Occupancy

    canonical = FieldConfig(
        density_components=1,
        color_components=1,
        color_features=2,
        color_width=4,
        resolutions=(6,),
        upsample_at=(),
    )
    config = mien.AvatarConfig(
        canonical=canonical, hidden=2, frequencies=1, deformation_code=1, appearance_code=1
    )
    rig = AvatarRig(np.zeros(load_head().identity_count), points=5)
    config = mien.AvatarConfig.variant("five", config)
    model = AvatarModel(config, rig, head_bounds_m(rig), observed=Occupancy.full(4), frames=2, resolution=6)
    mien.save_avatar(
        FieldAvatar(model, camera=_camera(), facts=AvatarFacts("clip.mp4", 3, 1, 0.5, _SIDE)),
        folder / "face.avatar",
    )


def write_splat_avatar(folder: Path) -> None:
    """An avatar of splats that ride on the fitted head."""
    import mien
    from mien.avatars.avatar import AvatarFacts
    from mien.avatars.rig import AvatarControls, AvatarRig
    from mien.avatars.splats.config import SplatAvatarConfig
    from mien.avatars.splats.splat_avatar import SplatAvatar
    from mien.avatars.splats.splat_head import SplatHead, spread_anchors, steering

    config = SplatAvatarConfig(on_skin=12, in_hair=4, codes=2)
    rig = AvatarRig(np.zeros(load_head().identity_count), points=34)
    rest = AvatarControls(rig.rest_weights, np.zeros((2, 3)))
    splats = SplatHead(config, controls=len(steering(rest)))
    rng = np.random.default_rng(0)
    splats.start(
        spread_anchors(
            rig.vertices_m(rest),
            rig.triangles,
            on_skin=config.on_skin,
            in_hair=config.in_hair,
            rng=rng,
            hair_m=np.full(rig.head.vertex_count, 0.02),
        )
    )
    mien.save_avatar(
        SplatAvatar(splats, rig, camera=_camera(), facts=AvatarFacts("clip.mp4", 3, 1, 0.5, _SIDE)),
        folder / "face.avatar",
    )


def write_weights(folder: Path) -> None:
    """Weights by name, three moments."""
    names = load_head().expression_names
    moments = [
        {name: round(0.01 * index + 0.1 * moment, 3) for index, name in enumerate(names[:12])}
        for moment in range(3)
    ]
    (folder / "weights.json").write_text(json.dumps(moments), encoding="utf-8")


def write_live_link(folder: Path) -> None:
    """A recording of Live Link Face."""
    names = [name[:1].upper() + name[1:] for name in load_head().expression_names]
    angles = ["HeadYaw", "HeadPitch", "HeadRoll"]
    lines = [",".join(["Timecode", "BlendShapeCount", *names, *angles])]
    for moment in range(3):
        values = np.random.default_rng(moment).random(len(names) + len(angles)).round(4)
        lines.append(",".join([f"10:11:12:{moment:02d}.000", str(len(names)), *map(str, values)]))
    (folder / "take.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _camera() -> Camera:
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = 0.8
    return Camera.from_focal(30.0, width_px=_SIDE, height_px=_SIDE, camera_from_world=pose)
