"""MICC Florence by the protocol of GANFit (Gecer et al. 2019, §5.3, and its published evaluation code).

Folders, as that code has them:

- registered scans `REGISTERED/subject_NN/Model/frontal{1,2}/obj/*.obj`, in the template's units (decimetres);
- iBUG-68 landmarks of the original scans `LANDMARKS/subject_NN/Model/frontal{1,2}/obj/*.ljson`;
- `template.obj` and `landmark_ids.pkl`, the vertices of its 68 landmarks;
- a submission `subject_NN/{Indoor-Cooperative,PTZ-Indoor,PTZ-Outdoor}.obj`.

For each of a subject's two scans: both meshes are cropped about the nose's tip, each is laid onto the other
by iterated closest points with a similarity, and the mean distances of the two directions are averaged. The
better scan counts. The code calls the distance point-to-plane, but measures to the closest point.

The published code compares meshes of the template's topology, where equal indices start the alignment. A
submission of another topology needs `….npy` (68, 3) beside each `.obj`: it is first laid onto the scan by
these landmarks, in the scan's units, as if it were of that topology.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import InputError, MienError
from mien.evaluation.published.mesh_files import Mesh, read_mesh
from mien.geometry.alignment import align_similarity
from mien.geometry.exact_closest_points import exact_closest_on_surface
from mien.progress import ProgressReport, reported, silent
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json
from mien.reading.npy import read_npy
from mien.reading.regular_files import check_regular

SETTINGS = ("Indoor-Cooperative", "PTZ-Indoor", "PTZ-Outdoor")
SUBJECTS = 53
SCANS = (1, 2)
NOSE_TIP = 30
CROP, TIGHT_CROP, TIGHT_SUBJECT = 0.95, 0.6, 28
"""Radius about the nose's tip, in the template's units; subject 28's scans are cut off, so its is smaller."""
MM_PER_UNIT = 100.0
_STILL_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Template:
    """The mesh that scans were registered with.

    Attributes:
        landmarks: (68, 3) in its units.
        landmark_vertices: (68,) their vertices.
        vertex_count: how many vertices a mesh of its topology has.
    """

    landmarks: Float[np.ndarray, "68 3"]
    landmark_vertices: Integer[np.ndarray, " 68"]
    vertex_count: int


@dataclass(frozen=True, eq=False)
class MiccResult:
    """What the benchmark found.

    Attributes:
        errors_mm: (settings, subjects) the error of the better scan; NaN where no prediction is usable.
        subjects: (subjects,) the numbers of those with scans.
        missing: which predictions are missing, and why.
    """

    errors_mm: Float[np.ndarray, "3 subjects"]
    subjects: tuple[int, ...]
    missing: tuple[tuple[str, str], ...]

    def figures(self) -> dict[str, dict[str, float | int]]:
        """Mean and standard deviation over subjects, millimetres, for each setting."""
        figures = {}
        for name, errors in zip(SETTINGS, self.errors_mm, strict=True):
            found = errors[np.isfinite(errors)]
            figures[name] = {
                "mean_mm": float(found.mean()) if len(found) else float("nan"),
                "std_mm": float(found.std()) if len(found) else float("nan"),
                "subjects": len(found),
            }
        return figures


def read_template(mesh: str | Path, landmark_vertices: str | Path) -> Template:
    """The template and the vertices of its landmarks (`.pkl`, `.npy` or `.json`).

    Raises:
        InputError: a file is missing or does not fit.
    """
    path = Path(landmark_vertices)
    if not path.is_file():
        raise InputError("there is no such file of landmark vertices", source=path)
    if path.suffix == ".pkl":
        from mien.heads.formats.plain_pickle import unpickle_plain

        check_regular(path)
        with path.open("rb") as stream:
            found = unpickle_plain(stream)
    elif path.suffix == ".npy":
        found = read_npy(path)
    else:
        found = read_json(path)
    points = read_mesh(mesh).vertices
    values = FileValues({"the list": found if isinstance(found, np.ndarray | list) else None}, source=path,
                        remedy="it must hold 68 vertices")  # fmt: skip
    vertices = values.array("the list", "68", kind="integer")
    if vertices.shape != (68,) or vertices.min() < 0 or vertices.max() >= len(points):
        raise InputError(f"does not hold 68 vertices of a mesh with {len(points)}", source=path)
    vertices = vertices.astype(np.int64)
    return Template(points[vertices], vertices, len(points))


def read_ljson(path: str | Path) -> Float[np.ndarray, "68 3"]:
    """68 points from menpo's `.ljson`, version 1, 2 or 3.

    Raises:
        InputError: the file does not hold 68 points in space.
    """
    path = Path(path)
    with damage_named(path, "is no .ljson of landmarks"):
        document = read_json(path, what="is no .ljson of landmarks")
        groups = document.get("groups")
        if isinstance(groups, dict):  # version 3
            found = next(iter(groups.values()))["landmarks"]["points"]
        elif isinstance(groups, list):  # version 1
            found = [each["point"] for group in groups for each in group["landmarks"]]
        else:
            found = document["landmarks"]["points"]
        points = np.array(found, float)
    if points.shape != (68, 3) or not np.isfinite(points).all():
        raise InputError(f"holds points {points.shape}, not (68, 3) finite numbers", source=path)
    return points


def micc_error_mm(
    scan: Mesh,
    scan_landmarks: Float[np.ndarray, "68 3"],
    reconstruction: Mesh,
    landmarks: Float[np.ndarray, "68 3"],
    *,
    radius: float = CROP,
) -> float:
    """The protocol's error of one reconstruction against one scan.

    Args:
        scan: in the template's units.
        reconstruction: of the scan's topology in the same units, or anything of another topology.
        landmarks: the reconstruction's.
        radius: of the crop.

    Raises:
        InputError: a crop is empty or a mesh has no faces.
    """
    if len(reconstruction.vertices) == len(scan.vertices):
        start = reconstruction.vertices, scan.vertices
    else:
        moved = align_similarity(landmarks, scan_landmarks)
        reconstruction = Mesh(moved.apply(reconstruction.vertices), reconstruction.triangles)
        landmarks = moved.apply(landmarks)
        start = None
    there = _one_way(scan, scan_landmarks[NOSE_TIP], reconstruction, start and start[0], radius)
    back = _one_way(reconstruction, landmarks[NOSE_TIP], scan, start and start[1], radius)
    return (there + back) / 2


def _one_way(
    moving: Mesh, nose: np.ndarray, still: Mesh, partners: np.ndarray | None, radius: float
) -> float:
    """A cropped mesh's mean distance from another after iterated closest points, millimetres."""
    crop = np.linalg.norm(moving.vertices - nose, axis=1) < radius
    if crop.sum() < 4 or not len(still.triangles):
        raise InputError("nothing to compare: no surface, or it is elsewhere than its landmarks say")
    points = moving.vertices[crop]
    if partners is None:
        closest = exact_closest_on_surface(points, still.vertices, still.triangles).points_m
    else:
        closest = partners[crop]
    distance, before = MM_PER_UNIT * float(np.linalg.norm(closest - points, axis=1).mean()), np.inf
    while before - distance > _STILL_MM:
        points = align_similarity(points, closest).apply(points)
        closest = exact_closest_on_surface(points, still.vertices, still.triangles).points_m
        before, distance = distance, MM_PER_UNIT * float(np.linalg.norm(closest - points, axis=1).mean())
    return distance


def evaluate(
    registered: str | Path,
    landmarks: str | Path,
    template: Template,
    predictions: str | Path,
    *,
    report: ProgressReport = silent,
) -> MiccResult:
    """Measure a submission against every subject that has scans.

    Raises:
        InputError: there are no scans, or a scan or its landmarks are broken. Missing or unusable predictions
            are reported in the result instead.
    """
    registered, landmarks, predictions = Path(registered), Path(landmarks), Path(predictions)
    if not predictions.is_dir():
        raise InputError("there is no such folder of predictions", source=predictions)
    subjects = tuple(n for n in range(1, SUBJECTS + 1) if _scans(registered, n))
    if not subjects:
        raise InputError(
            "holds no subject_NN/Model/frontal1/obj/*.obj; name the registered scans", source=registered
        )
    errors_mm = np.full((len(SETTINGS), len(subjects)), np.nan)
    missing: list[tuple[str, str]] = []
    for column, subject in enumerate(reported(subjects, report, label="MICC")):
        scans = [_read_scan(path, registered, landmarks, template) for path in _scans(registered, subject)]
        radius = TIGHT_CROP if subject == TIGHT_SUBJECT else CROP
        for row, setting in enumerate(SETTINGS):
            name = f"subject_{subject:02d}/{setting}"
            try:
                mesh, points = read_prediction(predictions / name, template)
                errors_mm[row, column] = min(
                    micc_error_mm(scan, marked, mesh, points, radius=radius) for scan, marked in scans
                )
            except MienError as error:
                missing.append((name, str(error)))
    return MiccResult(errors_mm, subjects, tuple(missing))


def _scans(registered: Path, subject: int) -> list[Path]:
    folders = [registered / f"subject_{subject:02d}" / "Model" / f"frontal{scan}" / "obj" for scan in SCANS]
    return [sorted(folder.glob("*.obj"))[0] for folder in folders if any(folder.glob("*.obj"))]


def _read_scan(
    path: Path, registered: Path, landmarks: Path, template: Template
) -> tuple[Mesh, Float[np.ndarray, "68 3"]]:
    """A registered scan with its landmarks, which are those of the original scan laid onto the template."""
    folder = landmarks / path.parent.relative_to(registered)
    found = sorted(folder.glob("*.ljson"))
    if not found:
        raise InputError("holds no .ljson for a registered scan", source=folder)
    original = read_ljson(found[0])
    return read_mesh(path), align_similarity(original, template.landmarks).apply(original)


def read_prediction(stem: Path, template: Template) -> tuple[Mesh, Float[np.ndarray, "68 3"]]:
    """A predicted mesh and its landmarks.

    Args:
        stem: its file without suffix.

    Raises:
        InputError: it is missing, damaged, or of another topology without landmarks beside it.
    """
    path = stem.with_name(f"{stem.name}.obj")
    if not path.is_file():
        raise InputError("was not predicted", source=f"{stem.parent.name}/{path.name}")
    mesh, beside = read_mesh(path), stem.with_name(f"{stem.name}.npy")
    if beside.is_file():
        points = read_npy(beside)
        if points.shape != (68, 3):
            raise InputError(f"holds an array {points.shape}, not (68, 3)", source=beside)
        values = FileValues({"points": points}, source=beside, remedy="write them anew")
        return mesh, values.array("points", "68 3", low=-1e9, high=1e9)
    if len(mesh.vertices) != template.vertex_count:
        raise InputError(
            f"has {len(mesh.vertices)} vertices, the template {template.vertex_count}; a mesh of another "
            "topology needs its 68 landmarks beside it, (68, 3) in an .npy of the same name",
            source=path,
        )
    return mesh, mesh.vertices[template.landmark_vertices]
