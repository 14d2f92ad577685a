"""Seeds of other people's formats: heads, cameras, meshes, as their programs write them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from mien.evaluation.robustness.small_head import small_head
from mien.heads.model import Head

PICTURES, SIDE_PX = 6, 24


def write_flame(folder: Path, *, pickled: bool) -> None:
    """A FLAME model of the small head."""
    import pickle

    head, rng = small_head(), np.random.default_rng(3)
    count = head.vertex_count
    arrays = {
        "v_template": head.mean_m,
        "shapedirs": 0.001 * rng.normal(size=(count, 3, 310)),
        "f": head.triangles.astype(np.uint32),
        "weights": np.full((count, 5), 0.2),
        "J_regressor": np.full((5, count), 1 / count),
        "posedirs": 0.001 * rng.normal(size=(count, 3, 36)),
    }
    if pickled:
        (folder / "flame.pkl").write_bytes(pickle.dumps(arrays, protocol=2))
    else:
        np.savez_compressed(folder / "flame.npz", **arrays)  # pyright: ignore[reportArgumentType]


def write_facescape(folder: Path) -> None:
    """FaceScape's bilinear model of the small head."""
    head, rng = small_head(), np.random.default_rng(4)
    core = 1000 * np.concatenate([head.mean_m[None], head.mean_m + head.expression_basis_m])
    core = core.reshape(len(core), -1).T[:, :, None] * np.array([1.0, 0.0, 0.0])
    core += rng.normal(size=core.shape)
    np.savez(
        folder / "facescape.npz",
        shape_bm_core=core,
        id_mean=np.array([1.0, 0.0, 0.0]),
        id_var=np.array([0.01, 0.02, 0.03]),
        fv_indices=head.triangles + 1,
        lm_list_v16=np.arange(68),
    )


def write_bfm(folder: Path) -> None:
    """A Basel face model of the small head."""
    import h5py

    head, rng = small_head(), np.random.default_rng(5)
    size = 3 * head.vertex_count
    with h5py.File(folder / "bfm.h5", "w") as file:
        file["shape/model/mean"] = 1000 * head.mean_m.reshape(-1)
        file["shape/representer/cells"] = head.triangles.T
        file["expression/model/mean"] = np.zeros(size)
        for name in ("shape", "expression"):
            file[f"{name}/model/pcaBasis"] = np.linalg.qr(rng.normal(size=(size, 4)))[0]
            file[f"{name}/model/pcaVariance"] = np.array([40.0, 30.0, 20.0, 10.0])


def write_ict_facekit(folder: Path) -> None:
    """ICT-FaceKit's folder of the small head."""
    head = small_head()
    write_obj(folder / "generic_neutral_mesh.obj", head, head.mean_m)
    write_obj(folder / "identity000.obj", head, head.mean_m + head.identity_basis_m[0])
    write_obj(folder / "jawOpen.obj", head, head.mean_m + head.expression_basis_m[0])
    (folder / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": list(range(68))}))


def write_obj(path: Path, head: Head, vertices_m: np.ndarray) -> None:
    """An OBJ file in centimetres."""
    lines = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in 100 * vertices_m]
    lines += [f"vt {x:.4f} {y:.4f}" for x, y, _ in vertices_m]
    lines += ["f " + " ".join(f"{v + 1}/{v + 1}" for v in triangle) for triangle in head.triangles]
    path.write_text("\n".join(lines) + "\n")


def circling_poses() -> np.ndarray:
    """(N, 4, 4) world from camera with OpenGL's axes, looking at the origin from half a metre."""
    poses = []
    for angle in np.arange(PICTURES) * 2 * np.pi / PICTURES:
        back = np.array([np.sin(angle), 0.2, np.cos(angle)])
        back /= np.linalg.norm(back)
        right = np.cross([0.0, 1.0, 0.0], back)
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3, :3] = np.column_stack([right, np.cross(back, right), back])
        pose[:3, 3] = 0.5 * back
        poses.append(pose)
    return np.array(poses)


def write_pictures(folder: Path) -> None:
    """A picture with a silhouette for each pose."""
    from mien.images.writing import write_image

    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX] - SIDE_PX / 2
    alpha = np.where(rows**2 + columns**2 < 60, 255, 0).astype(np.uint8)
    for index in range(PICTURES):
        color = np.full((SIDE_PX, SIDE_PX, 3), 40 * index, np.uint8)
        write_image(folder / f"{index}.png", np.dstack([color, alpha]))


def write_transforms(folder: Path) -> None:
    """nerfstudio's transforms.json with pictures and a depth map."""
    write_pictures(folder)
    frames = [
        {"file_path": f"{index}.png", "transform_matrix": pose.tolist(), "depth_file_path": "depth.npy"}
        for index, pose in enumerate(circling_poses())
    ]
    content = {
        "camera_model": "OPENCV",
        "fl_x": 40.0,
        "fl_y": 40.0,
        "cx": 12.0,
        "cy": 12.0,
        "w": SIDE_PX,
        "h": SIDE_PX,
        "k1": 0.01,
        "k2": 0.0,
        "p1": 0.0,
        "p2": 0.0,
        "frames": frames,
    }
    (folder / "transforms.json").write_text(json.dumps(content))
    np.save(folder / "depth.npy", np.full((SIDE_PX, SIDE_PX), 500.0))


def write_colmap(folder: Path, *, binary: bool) -> None:
    """A COLMAP model."""
    from scipy.spatial.transform import Rotation

    images = []
    for index, pose in enumerate(circling_poses()):
        rotation = (pose[:3, :3] @ np.diag([1.0, -1.0, -1.0])).T
        x, y, z, w = Rotation.from_matrix(rotation).as_quat().tolist()
        images.append(((w, x, y, z, *(-rotation @ pose[:3, 3]).tolist()), f"{index}.png"))
    if binary:
        cameras = struct.pack("<Q", 1) + struct.pack(
            "<iiQQ4d", 1, 1, SIDE_PX, SIDE_PX, 40.0, 40.0, 12.0, 12.0
        )
        content = struct.pack("<Q", len(images))
        for index, (numbers, name) in enumerate(images):
            content += struct.pack("<I7di", index + 1, *numbers, 1) + name.encode() + b"\0"
            content += struct.pack("<Q2dq", 1, 3.0, 4.0, -1)
        (folder / "cameras.bin").write_bytes(cameras)
        (folder / "images.bin").write_bytes(content)
        return
    (folder / "cameras.txt").write_text(f"# cameras\n1 PINHOLE {SIDE_PX} {SIDE_PX} 40.0 40.0 12.0 12.0\n")
    lines = [
        f"{index + 1} {' '.join(map(repr, numbers))} 1 {name}\n3.0 4.0 -1\n"
        for index, (numbers, name) in enumerate(images)
    ]
    (folder / "images.txt").write_text("".join(lines))


def write_opencv(path: Path) -> None:
    """A calibration of two cameras as OpenCV writes it."""
    import cv2

    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.startWriteStruct("names", cv2.FileNode_SEQ)
    for name in ("left", "right"):
        storage.write("", name)
    storage.endWriteStruct()
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    for name in ("left", "right"):
        storage.write(f"K_{name}", np.array([[700.0, 0, 320], [0, 700, 240], [0, 0, 1]]))
        storage.write(f"dist_{name}", np.zeros((1, 5)))
        storage.write(f"R_{name}", np.eye(3))
        storage.write(f"T_{name}", np.array([[0.1], [0.0], [1.0]]))
        storage.write(f"image_path_{name}", f"{name}.png")
    storage.release()
