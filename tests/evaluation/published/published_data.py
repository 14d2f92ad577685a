"""Small data sets in the layouts that benchmarks publish."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np

from mien.evaluation.published.flame_landmarks import FLAME_VERTICES
from mien.evaluation.published.mesh_files import write_obj
from mien.images.writing import write_image


def sphere(radius: float, *, subdivisions: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Vertices on a sphere, and triangles."""
    import trimesh

    mesh = trimesh.creation.icosphere(subdivisions=subdivisions)
    vertices = np.asarray(mesh.vertices)
    return radius * vertices / np.linalg.norm(vertices, axis=1, keepdims=True), np.asarray(mesh.faces)


def seven_on_sphere(radius: float) -> np.ndarray:
    """Seven landmarks so wide that NoW's crop takes in the whole sphere (see `face_region`)."""
    directions = np.array(
        [[-1, 0, 0], [-0.1, 1, 0], [0.1, 1, 0], [1, 0, 0], [0, -1, 0], [-0.6, 0, 0.8], [0.6, 0, 0.8]]
    )
    return radius * directions / np.linalg.norm(directions, axis=1, keepdims=True)


def write_picked_points(path: Path, points: np.ndarray) -> None:
    """As MeshLab's PickPoints writes them."""
    tags = [f' <point x="{x}" y="{y}" z="{z}" active="1" name="{k}"/>' for k, (x, y, z) in enumerate(points)]
    head = ["<!DOCTYPE PickedPoints>", "<PickedPoints>", " <DocumentData>",
            '  <DateTime time="10:49:31" date="2018-11-05"/>', '  <User name=""/>',
            '  <DataFileName name="scan.obj"/>', '  <templateName name=""/>', " </DocumentData>"]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*head, *tags, "</PickedPoints>"]) + "\n")


def write_now(
    folder: Path, scan_mm: tuple[np.ndarray, np.ndarray], seven_mm: np.ndarray, lines: list[str]
) -> Path:
    """A NoW data folder in which every subject has the same scan."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "imagepathsvalidation.txt").write_text("\n".join(lines) + "\n")
    for subject in {line.split("/")[-3] for line in lines}:
        write_obj(folder / "scans" / subject / "natural.000001.obj", *scan_mm)
        write_picked_points(
            folder / "scans_lmks_onlypp" / subject / "natural.000001_picked_points.pp", seven_mm
        )
    return folder


def write_ljson(path: Path, points: np.ndarray, *, version: int = 2) -> None:
    """As menpo writes landmarks."""
    body = {"labels": [], "landmarks": {"points": points.tolist(), "connectivity": []}}
    document = {"version": version, **body} if version == 2 else {"version": 3, "groups": {"LJSON": body}}
    if version == 1:
        document = {
            "version": 1,
            "groups": [{"label": "x", "landmarks": [{"point": p} for p in points.tolist()]}],
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def write_flame_files(folder: Path, triangles: np.ndarray, face: np.ndarray, head: np.ndarray) -> Path:
    """FLAME's landmark embeddings and vertex subsets; landmark k is the first corner of triangle k."""
    folder.mkdir(parents=True, exist_ok=True)
    corner = np.array([1.0, 0.0, 0.0])
    static = {"lmk_face_idx": np.arange(17, 68, dtype=np.uint32), "lmk_b_coords": np.tile(corner, (51, 1))}
    (folder / "flame_static_embedding.pkl").write_bytes(pickle.dumps(static, protocol=2))
    rows = np.tile(np.arange(17), (79, 1))
    rows[1:] = 100  # other views; not the frontal row
    dynamic = {"lmk_face_idx": rows, "lmk_b_coords": np.tile(corner, (79, 17, 1))}
    np.save(folder / "flame_dynamic_embedding.npy", dynamic, allow_pickle=True)  # type: ignore[arg-type]
    with zipfile.ZipFile(folder / "flame_mesh_faces.pt", "w") as archive:
        archive.writestr("faces/data.pkl", b"\x80\x02ctorch\nLongStorage\n.")
        archive.writestr("faces/data/0", triangles.astype(np.int64).tobytes())
    np.save(folder / "face.npy", face)
    np.save(folder / "head_indices.npy", head)
    return folder


def dad_annotation(seed: int) -> dict:
    """A head of FLAME's size with a camera as DAD-3DHeads writes it."""
    rng = np.random.default_rng(seed)
    vertices = rng.normal(0, 0.07, (FLAME_VERTICES, 3))
    model_view = np.eye(4)
    model_view[:3, 3] = [0.01, 0.02, -1.0]
    # A pinhole of 500 px for a picture of 200 x 200, y up, in front of it z < 0 (OpenGL).
    projection = np.array([[500, 0, -100, 0], [0, 500, -100, 0], [0, 0, 1, 0], [0, 0, -1, 0.0]])
    return {"vertices": vertices.tolist(), "model_view_matrix": model_view.tolist(),
            "projection_matrix": projection.tolist()}  # fmt: skip


def write_dad(folder: Path, names: list[str]) -> Path:
    """DAD-3DHeadsDataset with a validation part of pictures of 200 x 200."""
    part = folder / "DAD-3DHeadsDataset" / "val"
    (part / "annotations").mkdir(parents=True)
    entries = [
        {"item_id": name, "bbox": [50, 40, 100, 25], "attributes": {"pose": "front" if k else "atypical"}}
        for k, name in enumerate(names)
    ]
    (part / "val.json").write_text(json.dumps(entries))
    for seed, name in enumerate(names):
        (part / "annotations" / f"{name}.json").write_text(json.dumps(dad_annotation(seed)))
        write_image(part / "images" / f"{name}.png", np.full((200, 200, 3), 90, np.uint8))
    return folder
