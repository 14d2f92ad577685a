"""Seeds of what benchmarks read: other people's data sets, tables and points, the truth of drawn scenes."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mien.evaluation.robustness.small_head import small_head

_TFLITE = (
    "c-pO0Jx>Bb5Pf%tN(d4P3Sum-FouHINNM85DDrV|AE6hbh$N^57#fQ${Tcj}`w5nolopoO;vBaJ!+C^g+~n=M-JN+mJF|Ov"
    "0IjlloIw!@q>-cX0U=A!5Hwx#8&;c01guG$7U4y%rAZ}N-k<lr-ZtVJpO5p?*7#{Z{L(9aVchwMpU(WP@dFfQ6YAt*bl#PK"
    "KO}!j-XatT&xBV(k>-W6Sr2RC^3ShG_Mu|APyfEt>u%6hBFuF)hER8hFz)tyccbB-<BikZUFu%l4jwzBf69l(>i76G`gNYe"
    "TB}l5<$CfyfZ1qr-_XY2q3z!TLW)M=y9xJ2<U7ae!E2*3+qm}^tzRK>juMNJv%+!|mlv$LCs>KS#LiWm`>ByQiW}<2<4{-*"
    "4Z`rcGw5R2zv&Jab@-aiW~$8Z9wE7M|GiT`FPWnh^@oY@yjf|Vkm||BKP5e%NwT>?KqnNy8P0KmGA>aO6;wqPHBm!d)L|N?"
    "Fg+6uqahkz15KkTnqCu@VF}B#VC%MFw{2lhY|ozBaCFCT+KzB0j^|7rxVme&ZCAJx7vG=BPId"
)
"""A graph of three operators, packed: 1.4 kB of the format that Face Mesh networks come in."""


def _points(count: int, size: int) -> np.ndarray:
    return np.random.default_rng([count, size]).uniform(0, 100, (count, size))


def write_truth(folder: Path) -> None:
    """What is true of a drawn scene."""
    pose = np.eye(4)
    pose[2, 3] = 0.8
    truth = {
        "format_version": 1,
        "landmarks_m": {"ict68": small_head().mean_m[:68].tolist()},
        "request": {"views": 4, "test_views": 2},
        "camera_from_world": [pose.tolist()] * 6,
        "intrinsics": [[50.0, 0, 12], [0, 50.0, 12], [0, 0, 1]],
    }
    (folder / "truth.json").write_text(json.dumps(truth))


def write_portraits(folder: Path) -> None:
    """A table of portraits, people, and points that another program found."""
    rows = [["image", *("x" * 378)], *[[f"{n}.png", *_points(189, 2).ravel().round(2)] for n in range(2)]]
    _write_table(folder / "points189.csv", rows)
    _write_table(folder / "people.csv", [["face_id", "face_age", "face_gender"], ["0", 30, "male"]])
    found = {f"{n}.png": _points(478, 2) for n in range(2)}
    np.savez(folder / "found.npz", **found)  # pyright: ignore[reportArgumentType]


def write_ytf(folder: Path) -> None:
    """A table of labelled pictures."""
    rows = [["image", *("x" * 136)], *[[f"{n}.png", *_points(68, 2).ravel().round(2)] for n in range(2)]]
    _write_table(folder / "val.csv", rows)


def _write_table(path: Path, rows: list[list]) -> None:
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


def write_clips(folder: Path) -> None:
    """Another tracker's points of a clip."""
    (folder / "a.mp4").write_bytes(b"not looked at")
    np.savez(folder / "face_mesh.npz", a=np.stack([_points(468, 2)] * 2).astype(np.float32))


def write_ljson(folder: Path) -> None:
    """68 points of menpo's."""
    points = {"version": 2, "landmarks": {"points": _points(68, 3).tolist()}}
    (folder / "points.ljson").write_text(json.dumps(points))


def write_micc(folder: Path) -> None:
    """A template with its landmarks, and a prediction with landmarks of its own."""
    from mien.evaluation.published.mesh_files import write_obj

    for name in ("template.obj", "subject.obj"):
        write_obj(folder / name, small_head().mean_m, small_head().triangles)
    (folder / "vertices.json").write_text(json.dumps(list(range(68))))
    np.save(folder / "subject.npy", _points(68, 3))


def write_now(folder: Path) -> None:
    """NoW's list, a scan's picked points, and seven points of a prediction."""
    (folder / "list.txt").write_text("a/selfie/1.jpg\na/selfie/2.jpg\n")
    tags = "".join(f'<point x="{x}" y="{y}" z="{z}"/>\n' for x, y, z in _points(7, 3))
    (folder / "scan.pp").write_text(f"<PickedPoints>\n{tags}</PickedPoints>\n")
    np.save(folder / "seven.npy", _points(7, 3))
    np.savetxt(folder / "seven.txt", _points(7, 3))


def write_dad(folder: Path) -> None:
    """Heads of DAD-3DHeads, as its script joins them, and a submission."""
    vertices = np.resize(small_head().mean_m, (5023, 3)).round(4).tolist()
    head = {
        "id": "a", "bbox": [1, 2, 50, 60], "image_height": 80, "vertices": vertices,
        "model_view_matrix": np.eye(4).tolist(), "projection_matrix": np.eye(4).tolist(),
        "attributes": {"pose": "front"},
    }  # fmt: skip
    (folder / "heads.json").write_text(json.dumps([head]))
    (folder / "val.json").write_text(json.dumps([{"item_id": "a", "bbox": [1, 2, 50, 60]}]))
    (folder / "mine.json").write_text(json.dumps({"a": {"rotation_matrix": np.eye(3).tolist()}}))


def write_flame_files(folder: Path) -> None:
    """What DAD-3DHeads' evaluation needs of FLAME."""
    import pickle

    rng = np.random.default_rng(30)
    static = {"lmk_face_idx": rng.integers(0, 50, 51), "lmk_b_coords": np.full((51, 3), 1 / 3)}
    dynamic = {"lmk_face_idx": rng.integers(0, 50, (2, 17)), "lmk_b_coords": np.full((2, 17, 3), 1 / 3)}
    (folder / "flame_static_embedding.pkl").write_bytes(pickle.dumps(static, protocol=2))
    np.save(folder / "flame_dynamic_embedding.npy", np.array(dynamic, dtype=object), allow_pickle=True)
    np.save(folder / "flame_mesh_faces.npy", rng.integers(0, 5023, (60, 3)))
    for name in ("face", "head_indices"):
        np.save(folder / f"{name}.npy", np.arange(0, 5023, 5))


def write_tflite(folder: Path) -> None:
    """A small network of TensorFlow Lite."""
    (folder / "net.tflite").write_bytes(zlib.decompress(base64.b85decode(_TFLITE)))


def write_speeds(folder: Path) -> None:
    """A result of `mien benchmark speed --json`."""
    timings = [{"name": "fit", "median_ms": 300.5}, {"name": "search", "median_ms": 12.0}]
    (folder / "speed.json").write_text(json.dumps({"timings": timings}))


def write_log(folder: Path) -> None:
    """A training's log."""
    lines = [json.dumps({"step": step, "faces": 40, "loss": 1.0 / step}) for step in (1, 2, 3)]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")


def write_vertex_list(folder: Path) -> None:
    """68 vertices of a mesh."""
    (folder / "vertices.txt").write_text(", ".join(map(str, range(68))) + "\n")


def write_makehuman(folder: Path) -> None:
    """MakeHuman's base mesh, a proxy with its mesh, targets and bones."""
    obj = "g body\n" + "".join(f"v {x} {y} 0.5\nvt 0 1\n" for x in range(3) for y in range(3))
    obj += "f 1/1 2/2 5/5 4/4\nf 2/2 3/3 6/6\n"
    (folder / "base.obj").write_text(obj)
    (folder / "hair.obj").write_text(obj)
    (folder / "hair.mhclo").write_text(
        "name hair\nobj_file hair.obj\nx_scale 1 2 1.5\nverts 0\n3\n1 2 3 0.2 0.3 0.5 0 0.1 0\n"
    )
    (folder / "tongueOut.target").write_text("# tongue\n1 0.1 0.2 0.3\n4 0 0.5 0\n")
    np.savez(
        folder / "targets_head.npz",
        names=np.array(["a", "b"]),
        start=np.array([0, 1, 3]),
        index=np.arange(3, dtype=np.int32),
        delta=np.full((3, 3), 0.1, np.float32),
    )


def write_ict_asset(folder: Path) -> None:
    """ICT-FaceKit as heads are built from it."""
    from mien.head_building.ict_facekit import SKIN_FACE_RANGES

    head = small_head()
    faces = np.column_stack([head.triangles, np.full(len(head.triangles), -1)])
    faces = np.resize(faces, (SKIN_FACE_RANGES[-1][1], 4))
    np.savez(
        folder / "ict_facekit.npz",
        neutral=(100 * head.mean_m).astype(np.float32),
        faces=faces.astype(np.int32),
        identity=(100 * head.identity_basis_m).astype(np.float32),
        expression=(100 * head.expression_basis_m).astype(np.float32),
        expression_names=np.array(head.expression_names),
        landmarks68=np.arange(68),
    )


STUDY_SEEDS: dict[str, tuple[str, str, tuple[str, ...], Callable[[Path], None]]] = {
    "scene-truth": ("scene truth", ".", (), write_truth),
    "portraits": ("portraits", ".", (), write_portraits),
    "ytf68": ("labelled pictures", "val.csv", (), write_ytf),
    "expressive-clips": ("clips", ".", (), write_clips),
    "ljson": ("ljson", "points.ljson", (), write_ljson),
    "micc": ("MICC", ".", (), write_micc),
    "now": ("NoW", ".", (), write_now),
    "dad3d": ("DAD-3DHeads", ".", (), write_dad),
    "flame-files": ("FLAME files", ".", (), write_flame_files),
    "tflite": ("tflite", "net.tflite", (), write_tflite),
    "speeds": ("speeds", "speed.json", (), write_speeds),
    "training-log": ("training log", ".", ("torch",), write_log),
    "vertex-list": ("vertex list", "vertices.txt", (), write_vertex_list),
    "makehuman": ("MakeHuman", ".", (), write_makehuman),
    "ict-asset": ("ICT-FaceKit asset", ".", (), write_ict_asset),
}  # fmt: skip
"""As `seeds.SEEDS`."""
