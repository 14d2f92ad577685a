"""Every reader under a name, as a function of a path, and what may be NaN in what it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mien.evaluation.robustness.learning_readers import LEARNING_READERS
from mien.evaluation.robustness.study_readers import STUDY_READERS


def _fit(path: Path) -> object:
    from mien.exporters.saved import read_fit

    return read_fit(path)


def _track(path: Path) -> object:
    from mien.exporters.saved import read_track

    return read_track(path)


def _head(path: Path) -> object:
    from mien.heads.library import load_head, read_head_metadata

    head = load_head(path)
    read_head_metadata(path)
    return head, head.vertices_m(head.neutral())


def _expression_map(path: Path) -> object:
    from mien.heads.expression_map_files import read_expression_map

    return read_expression_map(path)


def _landmarks3d(path: Path) -> object:
    from mien.landmarks_in_fields.writing import read_landmarks

    return read_landmarks(path)


def _field(path: Path) -> object:
    from mien.fields.files import load_field, read_field_json

    field = load_field(path)
    read_field_json(path)
    weights = {name: value.numpy() for name, value in field.state_dict().items()}
    return weights, field.bounds_m, field.viewpoint, field.resolution


def _field_networks(path: Path) -> object:
    from mien.landmarks_in_fields.network_files import read_networks

    read_networks.cache_clear()
    pair = read_networks(path)
    return {name: value.numpy() for name, value in pair.fine.state_dict().items()}


def _search_network(path: Path) -> object:
    import numpy as np

    from mien.landmarks.networks import _session
    from mien.landmarks.search import FaceSearch

    _session.cache_clear()
    return len(FaceSearch(path)(np.zeros((64, 64, 3), np.uint8)))


def _landmark_card(path: Path) -> object:
    from mien.landmarks.networks import SHIPPED, read_card
    from mien.landmarks.predictor import LandmarkPredictor

    read_card(path.with_name("net.onnx"))
    (path.parent / "net.onnx").symlink_to(SHIPPED / "realtime.onnx")
    predictor = LandmarkPredictor(path.parent / "net.onnx")
    return predictor.sigma_scale, predictor.input_size


def _checkpoint(path: Path) -> object:
    from mien.learning.checkpoints import read_checkpoint

    found = read_checkpoint(path, kind="field", command="mien field train")
    return {name: value.numpy() for name, value in found.tensors.get("network", {}).items()}, found.elapsed_s


def _tensorf(path: Path) -> object:
    from mien.fields.mesh import density_on_grid
    from mien.fields.tensorf_file import read_tensorf

    field = read_tensorf(path)
    return field.bounds_m, density_on_grid(field, 3)


def _shard(path: Path) -> object:
    from mien.datasets.crops.layout import load_layout
    from mien.datasets.crops.shards import read_shard
    from mien.datasets.search_scenes.cutouts import read_cutouts

    layout = load_layout("dense320")
    cutouts = read_cutouts(path, layout, size=32)
    return read_shard(path, layout), cutouts


def _posed_pictures(path: Path) -> object:
    from mien.fields.posed_images import load_posed_images

    images = load_posed_images(path)
    return images.cameras, images.rgba


def _cameras(path: Path) -> object:
    from mien.camera_files.reading import read_cameras

    return [(picture.camera, picture.depth_unit_m) for picture in read_cameras(path)]


def _picture(path: Path) -> object:
    from mien.images.photo import read_photo
    from mien.images.stored import read_grey, read_rgba

    photo = read_photo(path)
    return photo, read_rgba(path), read_grey(path)


def _depths(path: Path) -> object:
    from mien.images.stored import read_values

    return read_values(path)


def _video(path: Path) -> object:
    from mien.images.sound import SoundTrack
    from mien.images.video import open_video

    with SoundTrack(path, start_s=0.0):
        pass
    with open_video(path) as video:
        return [(frame.time_s, frame.image) for frame in video][:1000]


def _options(path: Path) -> object:
    from mien.reading.option_files import read_option_file

    return read_option_file(path)


def _albedo(path: Path) -> object:
    from mien.looks.albedo_model import read_albedo_model

    read_albedo_model.cache_clear()
    return read_albedo_model(path)


def _hair(path: Path) -> object:
    from mien.looks.hair_styles import read_hair_styles

    read_hair_styles.cache_clear()
    return list(read_hair_styles(path).values())


def _volume(path: Path) -> object:
    from mien.synthetic.volumes.volume_store import read_volume

    return read_volume(path)


def _crowd(path: Path) -> object:
    from mien.synthetic.held_out_people.crowd import load_crowd

    return load_crowd(path)


def _mesh(path: Path) -> object:
    from mien.evaluation.published.mesh_files import read_mesh

    return read_mesh(path)


def _avatar(path: Path) -> object:
    from mien.avatars.files import load_avatar

    avatar = load_avatar(path)
    weights = {name: value.numpy() for name, value in avatar.tensors().items()}
    return weights, avatar.camera.intrinsics, avatar.rig.identity


def _weights(path: Path) -> object:
    from mien.avatars.weight_files import is_weights_json, read_weights_json
    from mien.heads.library import load_head

    is_weights_json(path)
    return read_weights_json(path, load_head().expression_names)


def _recording(path: Path) -> object:
    from mien.avatars.weight_files import read_live_link_face
    from mien.heads.library import load_head

    return read_live_link_face(path, load_head().expression_names)


def _prepared_folder(path: Path) -> object:
    from mien.avatars.prepared_folders import read_prepared_folder

    found = read_prepared_folder(path)
    return list(found.images()), found.held_out


def _avatar_data(path: Path) -> object:
    from mien.avatars.dataset_files import load_avatar_data

    return load_avatar_data(path)


READERS: dict[str, Callable[[Path], Any]] = {
    "fit": _fit, "track": _track, "head": _head, "expression map": _expression_map,
    "3D landmarks": _landmarks3d, "field": _field, "field networks": _field_networks,
    "search network": _search_network, "landmark card": _landmark_card, "checkpoint": _checkpoint,
    "TensoRF checkpoint": _tensorf,
    "shard": _shard, "posed pictures": _posed_pictures, "cameras": _cameras, "picture": _picture,
    "depths": _depths, "video": _video, "options": _options, "albedo": _albedo, "hair": _hair,
    "volume": _volume, "crowd": _crowd, "mesh": _mesh, "avatar": _avatar,
    "prepared folder": _prepared_folder, "avatar data": _avatar_data, "weights": _weights,
    "recording": _recording,
    **LEARNING_READERS, **STUDY_READERS,
}  # fmt: skip
