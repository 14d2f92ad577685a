"""Good files of every kind that mien reads, in a folder each."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mien.evaluation.robustness import avatar_seeds as avatars
from mien.evaluation.robustness import foreign_seeds as foreign
from mien.evaluation.robustness.learning_seeds import LEARNING_SEEDS
from mien.evaluation.robustness.small_head import small_fit, small_head, small_track
from mien.evaluation.robustness.study_seeds import STUDY_SEEDS


@dataclass(frozen=True)
class Seed:
    """A folder with one good example of something that is read.

    Attributes:
        name: of the example.
        reader: name of the reader, in `readers.READERS`.
        folder: with nothing else in it.
        target: what the reader is given, relative to the folder; "." is the folder itself.
        files: names, relative to the folder, of what is mutated.
    """

    name: str
    reader: str
    folder: Path
    target: str
    files: tuple[str, ...]


def write_seeds(folder: Path) -> list[Seed]:
    """Write all seeds that can be written here: some formats need extras of mien."""
    found = []
    for name, (reader, target, needs, write) in SEEDS.items():
        if all(find_spec(module) for module in needs):
            place = folder / name
            place.mkdir(parents=True)
            write(place)
            files = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
            found.append(Seed(name, reader, place, target, tuple(files)))
    return found


def _fit(suffix: str) -> Callable[[Path], None]:
    return lambda folder: _export(small_fit(), folder / f"fit{suffix}")


def _track(suffix: str) -> Callable[[Path], None]:
    return lambda folder: _export(small_track(), folder / f"track{suffix}")


def _export(result: object, path: Path) -> None:
    from mien.exporters.files import export

    export(result, path, head=small_head())  # type: ignore[arg-type]


def _head(folder: Path) -> None:
    from mien.heads.library import save_head

    save_head(small_head(), folder / "head.npz", head_metadata='{"figures": {"error_mm": 1.5}}')


def _map(suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        from mien.heads.expression_map import ExpressionMap
        from mien.heads.expression_map_files import save_expression_map

        root = np.random.default_rng(6).normal(size=(4, 4))
        square = root @ root.T
        save_expression_map(
            ExpressionMap(
                "a",
                "1",
                "b",
                "1",
                tuple("wxyz"),
                tuple("klmn"),
                np.full((4, 4), 0.2),
                np.full(4, 2.0),
                np.full(4, 0.5),
                square,
                square,
                square,
                0.03,
            ),
            folder / f"map{suffix}",
        )

    return write


def _landmarks3d(folder: Path) -> None:
    from mien.landmarks_in_fields.types import Landmarks3D
    from mien.landmarks_in_fields.writing import write_landmarks

    points_m = 0.1 * np.random.default_rng(7).normal(size=(68, 3))
    write_landmarks(
        folder / "face-landmarks.json",
        Landmarks3D(points_m, 0.9, True, np.eye(4)[:3], points_m, np.full(68, 0.001)),
    )


def _field(folder: Path) -> None:
    from mien.fields.config import FieldConfig
    from mien.fields.files import save_field
    from mien.fields.radiance_field import RadianceField

    config = FieldConfig(
        density_components=2,
        color_components=2,
        color_features=4,
        color_width=8,
        resolutions=(8,),
        upsample_at=(),
    )
    save_field(RadianceField(config, np.array([[-0.1] * 3, [0.1] * 3])), folder / "face.field")


def _field_networks(folder: Path) -> None:
    from mien.landmarks_in_fields.network_files import SHIPPED

    shutil.copy(SHIPPED, folder / "networks.safetensors")


def _search_network(folder: Path) -> None:
    from mien.landmarks.networks import SHIPPED

    for suffix in (".onnx", ".card.json"):
        shutil.copy(SHIPPED / f"search{suffix}", folder / f"net{suffix}")


def _landmark_card(folder: Path) -> None:
    from mien.landmarks.networks import SHIPPED

    shutil.copy(SHIPPED / "realtime.card.json", folder / "net.card.json")


def _checkpoint(folder: Path) -> None:
    from mien.fields.config import FieldConfig
    from mien.fields.radiance_field import RadianceField
    from mien.learning.checkpoints import Checkpoint

    config = FieldConfig(
        density_components=1, color_components=1, color_width=4, resolutions=(4,), upsample_at=()
    )
    network = RadianceField(config, np.array([[-0.1] * 3, [0.1] * 3]))
    Checkpoint(
        kind="field",
        step=3,
        samples=24,
        elapsed_s=1.5,
        settings={"batch": 8},
        figures={"plain": {"error": 0.5}},
        plain={"config": {}},
        tensors={"network": network.state_dict(), "updates": 3},
    ).save(folder / "checkpoint.pt")


def _tensorf(folder: Path) -> None:
    from mien.evaluation.fields.tensorf_checkpoint import write_small_checkpoint

    write_small_checkpoint(folder / "their.th")


def _shard(folder: Path) -> None:
    from mien.synthetic.scenes.drawn_face import DrawnFace
    from mien.synthetic.scenes.shards import add_sample

    rng = np.random.default_rng(8)
    with tarfile.open(folder / "shard-000000.tar", "w") as archive:
        for index in range(2):
            face = DrawnFace(
                picture=rng.integers(0, 255, (48, 48, 3), np.uint8),
                mask=np.full((48, 48), 200, np.uint8),
                points_px=rng.uniform(5, 40, (703, 2)).astype(np.float32),
                posed_mean_px=rng.uniform(5, 40, (703, 2)).astype(np.float32),
                identity=rng.normal(size=100).astype(np.float16),
                expression=rng.random(52).astype(np.float16),
                visibility=np.zeros(703, np.uint8),
                details={"seed": index},
            )
            add_sample(archive, f"{index:08d}", face)


def _colors() -> np.ndarray:
    rows, columns = np.mgrid[:40, :60]
    return np.dstack([rows * 6, columns * 4, rows + columns]).astype(np.uint8)


def _picture(name: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        from mien.images.writing import write_image

        write_image(folder / name, _colors())

    return write


def _deep_picture(folder: Path) -> None:
    from mien.images.writing import write_image

    write_image(folder / "depth.png", (_colors()[..., 0].astype(np.uint16) * 100))


def _video(folder: Path) -> None:
    from mien.images.video import VideoWriter

    with VideoWriter(folder / "clip.mp4", frames_per_second=25) as video:
        for index in range(8):
            video.write(np.roll(_colors(), index, axis=1))


def _options(suffix: str) -> Callable[[Path], None]:
    text = {
        ".json": '{"out": "results", "formats": [".glb", ".obj"], "mesh": {"origin": "head"}}',
        ".toml": 'out = "results"\nformats = [".glb", ".obj"]\n\n[mesh]\norigin = "head"\n',
    }

    def write(folder: Path) -> None:
        (folder / f"options{suffix}").write_text(text[suffix])

    return write


def _albedo(folder: Path) -> None:
    from mien.looks import albedo_model

    shutil.copy(Path(albedo_model.__file__).parent / "data" / "albedo.npz", folder / "albedo.npz")


def _hair(folder: Path) -> None:
    from mien.looks import hair_styles

    shutil.copy(Path(hair_styles.__file__).parent / "data" / "hair.npz", folder / "hair.npz")


def _volume(folder: Path) -> None:
    from mien.synthetic.volumes.head_volume import HeadVolume
    from mien.synthetic.volumes.volume_store import write_volume

    rng = np.random.default_rng(9)
    volume = HeadVolume(
        rng.integers(0, 255, (8, 8, 8, 4), np.uint8),
        np.full(3, -0.1),
        0.025,
        0.1 * rng.normal(size=(68, 3)),
        rng.uniform(size=51),
        "someone",
        "basic",
    )
    write_volume(folder / "000000.npz", volume)


def _crowd(folder: Path) -> None:
    from mien.synthetic.held_out_people.crowd import Crowd, save_crowd

    rng = np.random.default_rng(10)
    crowd = Crowd(
        0.01 * rng.normal(size=(2, 20, 3)),
        rng.normal(size=(2, 4, 3)),
        ("a", "b"),
        rng.uniform(size=(2, 3, 4)),
        rng.normal(size=(2, 3, 4, 3)),
        rng.normal(size=(2, 3, 3)),
        rng.normal(size=(2, 3, 3)),
        np.full((2, 3), 900.0),
        512,
        "ball",
        "1.0",
        0,
    )
    save_crowd(crowd, folder / "crowd.npz")


def _mesh(folder: Path) -> None:
    from mien.evaluation.published.mesh_files import write_obj

    write_obj(folder / "mesh.obj", small_head().mean_m, small_head().triangles)


def _cloud(folder: Path) -> None:
    from mien.landmarks_in_fields.writing import write_ply

    write_ply(folder / "points.ply", small_head().mean_m)


_TORCH = ("torch", "safetensors")
SEEDS: dict[str, tuple[str, str, tuple[str, ...], Callable[[Path], None]]] = {
    "fit-npz": ("fit", "fit.npz", (), _fit(".npz")),
    "fit-json": ("fit", "fit.json", (), _fit(".json")),
    "track-npz": ("track", "track.npz", (), _track(".npz")),
    "track-json": ("track", "track.json", (), _track(".json")),
    "head": ("head", "head.npz", (), _head),
    "flame-pkl": ("head", "flame.pkl", (), lambda folder: foreign.write_flame(folder, pickled=True)),
    "flame-npz": ("head", "flame.npz", (), lambda folder: foreign.write_flame(folder, pickled=False)),
    "facescape": ("head", "facescape.npz", (), foreign.write_facescape),
    "bfm": ("head", "bfm.h5", ("h5py",), foreign.write_bfm),
    "ict-facekit": ("head", ".", (), foreign.write_ict_facekit),
    "map-npz": ("expression map", "map.npz", (), _map(".npz")),
    "map-json": ("expression map", "map.json", (), _map(".json")),
    "landmarks-3d": ("3D landmarks", "face-landmarks.json", _TORCH, _landmarks3d),
    "field": ("field", "face.field", _TORCH, _field),
    "prepared-folder": ("prepared folder", "made", (), avatars.write_prepared_folder),
    "avatar-data": ("avatar data", "frames", (), avatars.write_avatar_data),
    "surface-avatar": ("avatar", "face.avatar", _TORCH, avatars.write_surface_avatar),
    "field-avatar": ("avatar", "face.avatar", _TORCH, avatars.write_field_avatar),
    "splat-avatar": ("avatar", "face.avatar", (*_TORCH, "numba"), avatars.write_splat_avatar),
    "weights-json": ("weights", "weights.json", (), avatars.write_weights),
    "live-link-face": ("recording", "take.csv", (), avatars.write_live_link),
    "field-networks": ("field networks", "networks.safetensors", _TORCH, _field_networks),
    "search-network": ("search network", "net.onnx", (), _search_network),
    "landmark-card": ("landmark card", "net.card.json", (), _landmark_card),
    "checkpoint": ("checkpoint", "checkpoint.pt", _TORCH, _checkpoint),
    "tensorf": ("TensoRF checkpoint", "their.th", _TORCH, _tensorf),
    "shard": ("shard", "shard-000000.tar", (), _shard),
    "transforms": ("posed pictures", "transforms.json", _TORCH, foreign.write_transforms),
    "colmap-txt": ("cameras", ".", (), lambda folder: foreign.write_colmap(folder, binary=False)),
    "colmap-bin": ("cameras", ".", (), lambda folder: foreign.write_colmap(folder, binary=True)),
    "opencv-xml": ("cameras", "rig.xml", (), lambda folder: foreign.write_opencv(folder / "rig.xml")),
    "opencv-yml": ("cameras", "rig.yml", (), lambda folder: foreign.write_opencv(folder / "rig.yml")),
    "opencv-json": ("cameras", "rig.json", (), lambda folder: foreign.write_opencv(folder / "rig.json")),
    "png": ("picture", "a.png", (), _picture("a.png")),
    "jpeg": ("picture", "a.jpg", (), _picture("a.jpg")),
    "webp": ("picture", "a.webp", (), _picture("a.webp")),
    "tiff": ("picture", "a.tiff", (), _picture("a.tiff")),
    "depth-png": ("depths", "depth.png", (), _deep_picture),
    "video": ("video", "clip.mp4", (), _video),
    "options-json": ("options", "options.json", (), _options(".json")),
    "options-toml": ("options", "options.toml", ("tomllib",), _options(".toml")),
    "albedo": ("albedo", "albedo.npz", (), _albedo),
    "hair": ("hair", "hair.npz", (), _hair),
    "volume": ("volume", "000000.npz", _TORCH, _volume),
    "crowd": ("crowd", "crowd.npz", (), _crowd),
    "obj": ("mesh", "mesh.obj", (), _mesh),
    "ply": ("mesh", "points.ply", _TORCH, _cloud),
    **LEARNING_SEEDS,
    **STUDY_SEEDS,
}
"""Name → reader, what it is given, modules that must be installed, what writes it."""
