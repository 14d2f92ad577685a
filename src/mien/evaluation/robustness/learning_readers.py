"""Readers of what networks are learned from, and of what trainings keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def _labels(path: Path) -> object:
    from mien.datasets.lifting.labels import read_pseudo_labels

    return read_pseudo_labels(path)


def _views(path: Path) -> object:
    from mien.datasets.lifting.labels import shown_share
    from mien.datasets.lifting.posed_views import all_posed_views

    found = [views for _, views in all_posed_views([path])]
    return found, [[views.picture(row) for row in range(len(views))] for views in found], shown_share(path)


def _encoded_views(path: Path) -> object:
    from mien.datasets.lifting.encoded_lifts import read_encoded_lifts, read_lift_manifest

    lifts = read_encoded_lifts([path])
    return lifts, [lifts.crop(row) for row in range(len(lifts))], read_lift_manifest(path)["points"]


def _shard_folder(path: Path) -> object:
    from mien.datasets.shard_files import ShardFolders
    from mien.learning.cards import add_to_card, read_manifests
    from mien.synthetic.scenes.shards import contact_sheet_of, refuse_other_settings

    folders = ShardFolders([path], held_out=0, part="training")
    sheet = contact_sheet_of(folders.paths())
    refuse_other_settings(path, {**read_manifests([path])[0], "count": 2000})
    add_to_card(path / "manifest.json", more=1)
    return sheet, folders.may_grow()


def _encoded_crops(path: Path) -> object:
    from mien.datasets.encoded_crops import read_encoded, read_manifest

    return read_encoded([path], part="train"), read_manifest(path)


def _lifting_network(path: Path) -> object:
    import numpy as np

    from mien.landmarks.networks import _session
    from mien.landmarks.region import Region
    from mien.lifting.lifter import Lifter

    _session.cache_clear()
    lifter = Lifter(path)
    region = Region(np.array([96.0, 96.0]), 150.0, 0.0)
    return lifter.in_region(np.full((192, 192, 3), 128, np.uint8), region), lifter.template_m


def _expressive_people(path: Path) -> object:
    from mien.synthetic.expressive_people.pictures import read_people

    return read_people(path)


def _known_people(path: Path) -> object:
    from mien.synthetic.people import read_known_people

    return read_known_people(path)


def _weights(network: Any) -> dict[str, Any]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def _model(path: Path) -> object:
    from mien.morphable_fields.model_files import read_model

    read_model.cache_clear()
    return _weights(read_model(path))


def _morphable_field(path: Path) -> object:
    from mien.morphable_fields.field_files import is_morphable_field, load_morphable_field

    is_morphable_field(path)
    saved = load_morphable_field(path)
    return saved.face, _weights(saved.model)


def _driver(path: Path) -> object:
    from mien.morphable_fields.driver_files import landmarks_of_json

    return landmarks_of_json(path)


def _landmark_encoder(path: Path) -> object:
    """A network that others are to look through."""
    from mien.datasets.landmark_encoder import write_landmark_encoder

    written = write_landmark_encoder(path, path.with_name("encoder.onnx"))
    return written.points, written.features, written.file_mb


def _opinion_weights(path: Path) -> object:
    from mien.landmarks_in_fields.fusion import read_weights

    weights = read_weights(path)
    return weights.weights, weights.bias_m, weights.sigma_m, weights.spread


LEARNING_READERS: dict[str, Callable[[Path], Any]] = {
    "opinion weights": _opinion_weights,
    "pseudo-labels": _labels, "posed views": _views, "encoded views": _encoded_views,
    "shard folder": _shard_folder, "encoded crops": _encoded_crops, "lifting network": _lifting_network,
    "landmark encoder": _landmark_encoder,
    "expressive people": _expressive_people, "known people": _known_people, "morphable model": _model,
    "morphable field": _morphable_field, "morphable driver": _driver,
}  # fmt: skip
