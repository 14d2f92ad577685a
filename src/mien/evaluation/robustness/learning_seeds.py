"""Seeds of what networks are learned from, and of what trainings keep."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.evaluation.robustness.small_head import small_head

_CROPS, _POINTS, _FEATURES, _LANDMARKS = 3, 9, 4, 6


def write_labels(folder: Path) -> None:
    """Pseudo-labels of two heads."""
    from mien.datasets.lifting.labels import PseudoLabels

    rng = np.random.default_rng(20)
    points_m = 0.1 * rng.normal(size=(2, _LANDMARKS, 3))
    PseudoLabels(
        latents=np.arange(2),
        points_m=points_m.astype(np.float32),
        rms_px=np.full(2, 0.5, np.float32),
        views=np.full((2, _LANDMARKS), 4),
        exact_m=np.full((2, _LANDMARKS, 3), np.nan, np.float32),
        common_from_world=np.tile(np.eye(3, 4), (2, 1, 1)),
        template_m=points_m.mean(axis=0),
        normals=np.tile([0.0, 0.0, 1.0], (_LANDMARKS, 1)),
        set_name="mine",
        detector="exact",
    ).save(folder / "labels.npz")


def write_views(folder: Path) -> None:
    """A shard of posed views, and its folder's manifest."""
    from mien.datasets.lifting.posed_views import posed_views
    from mien.files import write_text
    from mien.lifting.generator import GeneratedView

    rng = np.random.default_rng(21)
    pose = np.eye(4)
    pose[2, 3] = 0.8
    camera = Camera.from_focal(60.0, width_px=24, height_px=24, camera_from_world=pose)
    views = [
        GeneratedView(
            np.full((24, 24, 3), 60 * number, np.uint8),
            camera,
            rng.uniform(0, 24, (_LANDMARKS, 2)),
            0.1 * rng.normal(size=(_LANDMARKS, 3)),
        )
        for number in range(3)
    ]
    posed_views([5, 5, 6], [0, -1, 0], views).save(folder / "views-000000.npz")
    write_text(folder / "manifest.json", '{"format_version": 1, "margin": 0.8, "generator": "rendered"}')


def write_lifts(folder: Path) -> None:
    """A folder of encoded views."""
    import json
    from dataclasses import asdict

    from mien.datasets.encoders import CROP_PX
    from mien.datasets.lifting.encoded_lifts import EncodedLifts, lift_shard_path
    from mien.files import write_text
    from mien.images.writing import jpeg_bytes
    from mien.lifting.camera_space import CameraSpace

    rng = np.random.default_rng(22)
    code = np.frombuffer(jpeg_bytes(np.full((CROP_PX, CROP_PX, 3), 90, np.uint8), quality=90), np.uint8)
    EncodedLifts(
        points=rng.uniform(0, CROP_PX, (_CROPS, _POINTS, 3)).astype(np.float32),
        features=rng.normal(size=(_CROPS, _FEATURES)).astype(np.float16),
        latents=np.arange(_CROPS),
        mirrored=np.arange(_CROPS) > 1,
        rotation=np.tile(np.eye(3, dtype=np.float32), (_CROPS, 1, 1)),
        translation_m=np.tile(np.array([0, 0, 0.8], np.float32), (_CROPS, 1)),
        jpeg=np.tile(code, _CROPS),
        starts=len(code) * np.arange(_CROPS + 1),
    ).save(lift_shard_path(folder, Path("views-000000.npz")))
    manifest = {
        "format_version": 1, "encoders": ["toy"], "points": _POINTS, "first_points": _POINTS,
        "features": _FEATURES, "maps": [[1, 2, 2]], "views": [{"cameras": asdict(CameraSpace())}],
    }  # fmt: skip
    write_text(folder / "manifest.json", json.dumps(manifest))


def write_shard_folder(folder: Path) -> None:
    """A folder of `mien synth`: a shard and what it was drawn with."""
    import json
    import tarfile

    from mien.files import write_text
    from mien.images.writing import jpeg_bytes
    from mien.synthetic.scenes.shards import FORMAT_VERSION

    with tarfile.open(folder / "shard-000000.tar", "w") as archive:
        for number in range(2):
            picture = folder / "picture"
            picture.write_bytes(jpeg_bytes(np.full((16, 16, 3), 90 * number, np.uint8), quality=90))
            archive.add(picture, f"{number:08d}.jpg")
    picture.unlink()
    write_text(folder / "manifest.json", json.dumps({"format_version": FORMAT_VERSION, "count": 1000}))


def write_crops(folder: Path) -> None:
    """A folder of encoded crops."""
    from mien.datasets.encoded_crops import EncodedCrops, EncodedManifest, shard_path
    from mien.datasets.encoders import EncoderShape, FeatureGroup

    rng = np.random.default_rng(23)
    EncodedCrops(
        points=rng.uniform(0, 192, (_CROPS, _POINTS, 3)).astype(np.float32),
        features=rng.normal(size=(_CROPS, _FEATURES)).astype(np.float16),
        labels=rng.normal(size=(_CROPS, _LANDMARKS, 2)).astype(np.float32),
        posed_mean=np.full((_CROPS, _LANDMARKS, 2), np.nan, np.float32),
        presence=np.ones(_CROPS, np.float32),
        yaw_rad=np.full(_CROPS, np.nan, np.float32),
    ).save(shard_path(folder, 0, part="train"))
    shape = EncoderShape("toy", _POINTS, (FeatureGroup(2, 2),))
    EncodedManifest((shape,), "mine", 1.0, 0, [{"count": 3}]).save(folder)


def write_lifting_network(folder: Path) -> None:
    """The shipped network that lifts, with its card."""
    from mien.lifting.lifter import SHIPPED

    for suffix in (".onnx", ".card.json"):
        shutil.copy(SHIPPED / f"lifting{suffix}", folder / f"net{suffix}")


def write_landmark_network(folder: Path) -> None:
    """The shipped landmark network, with its card."""
    from mien.landmarks.networks import SHIPPED

    for suffix in (".onnx", ".card.json"):
        shutil.copy(SHIPPED / f"realtime{suffix}", folder / f"net{suffix}")


def write_expressive_people(folder: Path) -> None:
    """Pictures of two people, as `mien synth people` writes them."""
    from mien.synthetic.expressive_people.pictures import ExpressivePeople, save_people

    rng = np.random.default_rng(24)
    camera = Camera.from_focal(30.0, width_px=12, height_px=12, camera_from_world=np.eye(4))
    save_people(
        ExpressivePeople(
            identity=rng.normal(size=(2, 6)),
            textures=rng.integers(0, 255, (2, 16, 16, 3), np.uint8),
            expression=rng.random((2, 4)),
            person=np.arange(2),
            expression_number=np.zeros(2, int),
            kind=np.array([0, 2]),
            rgba=[rng.integers(0, 255, (12, 12, 4), np.uint8) for _ in range(2)],
            intrinsics=np.tile(camera.intrinsics, (2, 1, 1)),
            camera_from_world=np.tile(camera.camera_from_world, (2, 1, 1)),
        ),
        folder / "people.npz",
    )


def write_known_people(folder: Path) -> None:
    """Three people whose kind is known."""
    from mien.synthetic.people import KnownPeople, save_known_people

    people = KnownPeople(
        identity=np.zeros((3, 6)),
        male=np.array([True, False, True]),
        age=np.array([0, 1, 3]),
        heavy=np.array([-0.5, 0.0, 0.5]),
        ancestry=np.full((3, 3), 1 / 3),
    )
    save_known_people(people, folder / "known.npz")


def write_model(folder: Path) -> None:
    """A small morphable model."""
    from mien.morphable_fields.model_files import write_model

    write_model(_small_model(), folder / "model.safetensors")


def write_morphable_field(folder: Path) -> None:
    """A morphable field of a small model."""
    from mien.heads.library import load_head
    from mien.morphable_fields.face import MorphableFace
    from mien.morphable_fields.field_files import save_morphable_field

    head = load_head()
    face = MorphableFace(
        np.full((16, 16, 3), 120, np.uint8),
        np.zeros(head.identity_count),
        np.zeros(head.expression_count),
        np.zeros((68, 3)),
    )
    save_morphable_field(face, folder / "face.field", model=_small_model())


def write_driver(folder: Path) -> None:
    """Landmarks that drive a morphable field."""
    import json

    (folder / "landmarks.json").write_text(json.dumps({"landmarks_m": small_head().mean_m[:68].tolist()}))


def _small_model():
    from mien.morphable_fields.models import make_model

    settings = {"plane_size": 4, "plane_channels": 2, "texture_code": 2, "width": 4, "layers": 1}
    return make_model("surface", settings)


def write_captured_field(folder: Path) -> None:
    """A field of the present format with surroundings and what was found in its capture."""
    from mien.fields.capture_facts import CaptureFacts
    from mien.fields.config import FieldConfig
    from mien.fields.files import save_field
    from mien.fields.radiance_field import FieldFacts, RadianceField

    config = FieldConfig(
        density_components=1, color_components=1, color_width=4, resolutions=(4,), upsample_at=()
    )
    field = RadianceField(config, np.array([[-0.1] * 3, [0.1] * 3]), environment=True, surroundings=True)
    capture = CaptureFacts(
        tuple(np.eye(3, 4).ravel().tolist()), 0.001, 1.0, 0.05, 12, 1,
        photographed_m=tuple(np.linspace(-0.1, 0.1, 204).tolist()), photographed_evidence=8.5,
        photographed_views=9, assumed=("it is a head",),
    )  # fmt: skip
    field.facts = FieldFacts(field.facts.viewpoint, field.facts.training, capture)
    save_field(field, folder / "face.field")


def write_opinion_weights(folder: Path) -> None:
    """How opinions about a field's landmarks are weighed."""
    import json

    from mien.files import write_text
    from mien.landmarks_in_fields.fusion import FORMAT_VERSION, OPINIONS

    content = {
        "format_version": FORMAT_VERSION,
        "opinions": list(OPINIONS["pictures"]),
        "weights": np.full((68, 3, 3), 0.333).tolist(),
        "bias_m": np.zeros((3, 68, 3)).tolist(),
        "sigma_m": np.full(68, 0.002).tolist(),
        "spread": np.ones(68).tolist(),
    }
    write_text(folder / "weights.json", json.dumps(content))


TORCH = ("torch", "safetensors")
LEARNING_SEEDS: dict[str, tuple[str, str, tuple[str, ...], Callable[[Path], None]]] = {
    "pseudo-labels": ("pseudo-labels", "labels.npz", (), write_labels),
    "posed-views": ("posed views", ".", (), write_views),
    "shard-folder": ("shard folder", ".", (), write_shard_folder),
    "encoded-views": ("encoded views", ".", (), write_lifts),
    "encoded-crops": ("encoded crops", ".", (), write_crops),
    "lifting-network": ("lifting network", "net.onnx", (), write_lifting_network),
    "landmark-encoder": ("landmark encoder", "net.onnx", ("onnx",), write_landmark_network),
    "expressive-people": ("expressive people", "people.npz", (), write_expressive_people),
    "known-people": ("known people", "known.npz", (), write_known_people),
    "morphable-model": ("morphable model", "model.safetensors", TORCH, write_model),
    "morphable-field": ("morphable field", "face.field", TORCH, write_morphable_field),
    "morphable-driver": ("morphable driver", "landmarks.json", TORCH, write_driver),
    "opinion-weights": ("opinion weights", "weights.json", (), write_opinion_weights),
    "captured-field": ("field", "face.field", TORCH, write_captured_field),
}  # fmt: skip
"""As `seeds.SEEDS`."""
