"""Small head files in other people's layouts, made of the toy head."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from mien.heads.model import Head
from tests.toy_head import toy_head

COUNT = 60


def flame_arrays(*, seed: int = 0) -> dict[str, np.ndarray]:
    """FLAME's arrays in their published shapes, with few vertices."""
    rng = np.random.default_rng(seed)
    weights = rng.random((COUNT, 5)) ** 4
    regressor = rng.random((5, COUNT)) * (rng.random((5, COUNT)) < 0.2)
    regressor[:, 0] += 0.1
    return {
        "v_template": 0.1 * rng.normal(size=(COUNT, 3)),
        "shapedirs": 0.002 * rng.normal(size=(COUNT, 3, 400)),
        "posedirs": 0.001 * rng.normal(size=(COUNT, 3, 36)),
        "J_regressor": regressor / regressor.sum(axis=1, keepdims=True),
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "f": rng.integers(0, COUNT, size=(90, 3)).astype(np.uint32),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], dtype=np.int64),
    }


def write_flame_pickle(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """As published: chumpy arrays, a SciPy sparse regressor, pickle protocol 2."""
    from scipy.sparse import csc_matrix

    chumpy, ch = ModuleType("chumpy"), ModuleType("chumpy.ch")

    class Ch:
        pass

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    ch.Ch = Ch  # type: ignore[attr-defined]
    sys.modules |= {"chumpy": chumpy, "chumpy.ch": ch}
    try:
        content: dict[str, object] = dict(arrays)
        for key in ("v_template", "shapedirs", "posedirs"):
            wrapped = Ch()
            wrapped.__dict__ = {"x": arrays[key], "_dirty_vars": {"x"}, "_itr": None}
            content[key] = wrapped
        content["J_regressor"] = csc_matrix(arrays["J_regressor"])
        content["bs_type"] = "lrotmin"
        path.write_bytes(pickle.dumps(content, protocol=2))
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]


def write_obj(path: Path, vertices: np.ndarray, *, polygons: list[list[int]] | None = None) -> None:
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices]
    lines += [f"vt {x:.4f} {y:.4f}" for x, y, _ in vertices]
    if polygons:
        lines += ["f " + " ".join(f"{v + 1}/{v + 1}" for v in polygon) for polygon in polygons]
    path.write_text("# made by a test\n" + "\n".join(lines) + "\n")


def write_ict_folder(folder: Path, head: Head | None = None) -> None:
    """A head (the toy) in centimetres, with quads and split halves as upstream has them."""
    head = head or toy_head()
    folder.mkdir()
    first, second = np.split(head.triangles, 2)
    quads = (
        head.triangles.tolist()
        if head.name != "toy"
        else [[*map(int, a), int(b[2])] for a, b in zip(first, second, strict=True)]
    )
    write_obj(folder / "generic_neutral_mesh.obj", 100 * head.mean_m, polygons=quads)
    for k in range(3):
        write_obj(folder / f"identity{k:03d}.obj", 100 * (head.mean_m + head.identity_basis_m[k]))
    shapes = dict(zip(head.expression_names, head.expression_basis_m, strict=True))
    write_obj(folder / "jawOpen.obj", 100 * (head.mean_m + shapes["jawOpen"]))
    write_obj(folder / "eyeBlink_L.obj", 100 * (head.mean_m + shapes["eyeBlinkLeft"]))
    for side in "LR":
        write_obj(folder / f"browInnerUp_{side}.obj", 100 * (head.mean_m + shapes["browInnerUp"] / 2))
    indices = {"idx_to_landmark_verts": list(range(68))}
    (folder / "vertex_indices.json").write_text(json.dumps(indices))


def write_bfm(path: Path, *, seed: int = 0) -> dict[str, np.ndarray]:
    """statismo's layout in millimetres; returns what was written."""
    import h5py

    head = toy_head()
    rng = np.random.default_rng(seed)
    size = 3 * head.vertex_count
    arrays = {
        "shape/model/mean": 1000 * head.mean_m.reshape(-1),
        "shape/model/pcaBasis": np.linalg.qr(rng.normal(size=(size, 6)))[0],
        "shape/model/pcaVariance": np.arange(6, 0, -1) * 1000.0,
        "expression/model/mean": rng.normal(size=size),
        "expression/model/pcaBasis": np.linalg.qr(rng.normal(size=(size, 4)))[0],
        "expression/model/pcaVariance": np.arange(4, 0, -1) * 100.0,
        "shape/representer/cells": head.triangles.T,
    }
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return arrays


def write_facescape(path: Path, *, seed: int = 0) -> dict[str, np.ndarray]:
    """v1.6's layout with 5 expressions and 4 identity factors; its dictionaries are pickled objects."""
    rng = np.random.default_rng(seed)
    arrays = {
        "shape_bm_core": rng.normal(size=(3 * COUNT, 5, 4)) * 50,
        "id_mean": rng.normal(size=4),
        "id_var": rng.random(4) + 0.1,
        "fv_indices": rng.integers(1, COUNT + 1, size=(80, 3)),
        "lm_list_v16": rng.integers(0, COUNT, size=68),
        "sym_dict": np.array({1: 2}, dtype=object),
    }
    arrays["fv_indices"][0] = [1, 2, COUNT]
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    return arrays
