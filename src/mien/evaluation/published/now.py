"""The NoW benchmark (Sanyal et al. 2019, §4.2; protocol of its published evaluation code).

The data folder, as published: `imagepathsvalidation.txt` (or `imagepathstest.txt`) with one
`…/SUBJECT/CHALLENGE/IMAGE.jpg` a line, `scans/SUBJECT/*.obj` in millimetres, and
`scans_lmks_onlypp/SUBJECT/*.pp` with seven picked points. A submission holds, for each picture,
`SUBJECT/CHALLENGE/IMAGE.obj` (or `.ply`) and beside it `IMAGE.npy` (7, 3) or `IMAGE.txt` (seven lines).

Differences from the published code: an alignment never mirrors the prediction (theirs does where that fits
the seven points better), and the refinement, which minimises the same squared distances, looks at
`REFINE_POINTS` points of the scan. Distances are to the exact closest point, for every vertex of the crop.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import InputError, MienError
from mien.evaluation.published.mesh_files import Mesh, read_mesh
from mien.evaluation.published.scan_to_mesh import ScanToMesh, face_region, scan_to_mesh
from mien.progress import ProgressReport, reported, silent
from mien.reading.damage import damage_named
from mien.reading.npy import read_npy
from mien.reading.regular_files import read_text

CHALLENGES = ("multiview_neutral", "multiview_expressions", "multiview_occlusions", "selfie")
LISTS = {"val": "imagepathsvalidation.txt", "test": "imagepathstest.txt"}
METRES_PER_UNIT = {"mm": 1e-3, "cm": 1e-2, "m": 1.0}
REFINE_POINTS = 5000
_SCAN_M = METRES_PER_UNIT["mm"]


@dataclass(frozen=True)
class NowPicture:
    """One picture of the benchmark."""

    subject: str
    challenge: str
    file_name: str

    @property
    def stem(self) -> Path:
        """Where a submission keeps its files, without their suffix."""
        return Path(self.subject) / self.challenge / Path(self.file_name).stem


@dataclass(frozen=True, eq=False)
class NowError:
    """Distances of one picture's scan points to its prediction."""

    picture: NowPicture
    distances_mm: Float[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class NowResult:
    """What the benchmark found.

    Attributes:
        errors: one per picture that has a usable prediction.
        missing: the others and why; with any, figures cannot be compared with published ones.
        metrical: whether the predictions' size was kept.
    """

    errors: tuple[NowError, ...]
    missing: tuple[tuple[NowPicture, str], ...]
    metrical: bool

    def figures(self, challenge: str | None = None) -> dict[str, float | int]:
        """Median, mean and standard deviation over all distances of all pictures together, millimetres.

        Args:
            challenge: one of `CHALLENGES`, or all.
        """
        errors = [each for each in self.errors if challenge in (None, each.picture.challenge)]
        missing = [each for each, _ in self.missing if challenge in (None, each.challenge)]
        pooled = np.concatenate([each.distances_mm for each in errors]) if errors else np.array([np.nan])
        return {
            "median_mm": float(np.median(pooled)),
            "mean_mm": float(np.mean(pooled)),
            "std_mm": float(np.std(pooled)),
            "pictures": len(errors),
            "missing": len(missing),
        }


def read_pictures(
    data: str | Path, *, split: str = "val", challenge: str | None = None, picture_list: Path | None = None
) -> list[NowPicture]:
    """The pictures of a part of the benchmark, in the list's order.

    Args:
        split: "val" or "test"; ignored with `picture_list`.
        challenge: only this one of `CHALLENGES`.

    Raises:
        InputError: the list is missing, empty, or a line is no path; the split or challenge is unknown.
    """
    if split not in LISTS:
        raise InputError(f"there is no split {split!r} of NoW; choose from {', '.join(LISTS)}")
    if challenge is not None and challenge not in CHALLENGES:
        raise InputError(f"there is no challenge {challenge!r}; choose from {', '.join(CHALLENGES)}")
    path = picture_list or Path(data) / LISTS[split]
    if not path.is_file():
        raise InputError(
            f"no such file; the data folder must hold {LISTS[split]}, scans/ and scans_lmks_onlypp/",
            source=path,
        )
    pictures = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        parts = line.strip().replace("\\", "/").split("/")
        if parts == [""]:
            continue
        if len(parts) < 3:
            raise InputError(f"line {number} is not …/SUBJECT/CHALLENGE/IMAGE", source=path)
        pictures.append(NowPicture(*parts[-3:]))
    pictures = [each for each in pictures if challenge in (None, each.challenge)]
    if not pictures:
        raise InputError("names no pictures" + (f" of {challenge}" if challenge else ""), source=path)
    return pictures


def read_picked_points(path: str | Path) -> Float[np.ndarray, "7 3"]:
    """The seven points of MeshLab's `.pp`, in the file's order and unit.

    Raises:
        InputError: the file does not hold seven points.
    """
    path = Path(path)
    tags = re.findall(r"<point\b[^>]*>", read_text(path))
    rows = [[re.search(rf'\b{axis}="([^"]+)"', tag) for axis in "xyz"] for tag in tags]
    if len(rows) != 7 or any(value is None for row in rows for value in row):
        raise InputError(f"holds {len(rows)} picked points, not seven with x, y and z", source=path)
    with damage_named(path, "holds picked points that are no numbers"):
        points = np.array([[float(value.group(1)) for value in row if value] for row in rows])
    if not np.isfinite(points).all():
        raise InputError("holds picked points that are not finite", source=path)
    return points


def read_seven_points(path: str | Path) -> Float[np.ndarray, "7 3"]:
    """A prediction's seven landmarks, `.npy` or text.

    Raises:
        InputError: they are not (7, 3) finite numbers.
    """
    path = Path(path)
    with damage_named(path, "holds no plain array of seven points"):
        if path.suffix == ".npy":
            points = read_npy(path)
        else:
            points = np.loadtxt(read_text(path, limit_bytes=100_000).splitlines())
    if points.dtype.kind not in "iuf" or points.shape != (7, 3) or not np.isfinite(points).all():
        raise InputError(f"holds an array {points.shape}, not (7, 3) finite numbers", source=path)
    return points.astype(float)


def now_errors(
    scan: Mesh,
    scan_landmarks: Float[np.ndarray, "7 3"],
    prediction: Mesh,
    landmarks: Float[np.ndarray, "7 3"],
    *,
    metrical_unit: str | None = None,
) -> ScanToMesh:
    """The benchmark's distances for one scan in millimetres and one prediction.

    Args:
        metrical_unit: "m", "cm" or "mm" when the prediction's size is measured too; otherwise scale is solved
            for and the unit does not matter.

    Raises:
        InputError: the unit is unknown, landmarks coincide, or the mesh has no faces.
    """
    if metrical_unit is not None and metrical_unit not in METRES_PER_UNIT:
        raise InputError(f"unknown unit {metrical_unit!r}; choose from {', '.join(METRES_PER_UNIT)}")
    if not len(prediction.triangles):
        raise InputError("the predicted mesh has no faces, so it has no surface to measure to")
    scan_m, scan_landmarks_m = _SCAN_M * scan.vertices, _SCAN_M * scan_landmarks
    scale = METRES_PER_UNIT[metrical_unit or "m"]
    return scan_to_mesh(
        scan_m[face_region(scan_m, scan_landmarks_m)],
        scan_landmarks_m,
        scale * prediction.vertices,
        prediction.triangles,
        scale * landmarks,
        with_scale=metrical_unit is None,
        refine_points=REFINE_POINTS,
        exact=True,
    )


def evaluate(
    data: str | Path,
    predictions: str | Path,
    pictures: Sequence[NowPicture],
    *,
    metrical_unit: str | None = None,
    report: ProgressReport = silent,
) -> NowResult:
    """Measure a submission.

    Args:
        data: the benchmark's folder, with scans/ and scans_lmks_onlypp/.
        predictions: the submission's folder.
        pictures: see `read_pictures`.
        metrical_unit: see `now_errors`.

    Raises:
        InputError: the submission's folder, a scan or its picked points are missing. Missing or unusable
            predictions are reported in the result instead.
    """
    data, predictions = Path(data), Path(predictions)
    if not predictions.is_dir():
        raise InputError("there is no such folder of predictions", source=predictions)
    errors: list[NowError] = []
    missing: list[tuple[NowPicture, str]] = []
    for picture in reported(pictures, report, label="NoW"):
        scan, scan_landmarks = _scan(data, picture.subject)
        try:
            prediction, landmarks = read_prediction(predictions, picture)
            found = now_errors(scan, scan_landmarks, prediction, landmarks, metrical_unit=metrical_unit)
        except MienError as error:
            missing.append((picture, str(error)))
            continue
        errors.append(NowError(picture, found.distances_mm))
    return NowResult(tuple(errors), tuple(missing), metrical_unit is not None)


def read_prediction(predictions: Path, picture: NowPicture) -> tuple[Mesh, Float[np.ndarray, "7 3"]]:
    """A submission's mesh and seven points for a picture.

    Raises:
        InputError: either is missing or unusable.
    """
    stem = predictions / picture.stem
    paths = {suffix: stem.with_name(f"{stem.name}{suffix}") for suffix in (".obj", ".ply", ".npy", ".txt")}
    mesh = next((paths[suffix] for suffix in (".obj", ".ply") if paths[suffix].exists()), None)
    points = next((paths[suffix] for suffix in (".npy", ".txt") if paths[suffix].exists()), None)
    if mesh is None:
        raise InputError("no mesh (.obj or .ply) was predicted", source=picture.stem)
    if points is None:
        raise InputError("no landmarks (.npy or .txt) were predicted", source=picture.stem)
    return read_mesh(mesh), read_seven_points(points)


@lru_cache(maxsize=2)
def _scan(data: Path, subject: str) -> tuple[Mesh, Float[np.ndarray, "7 3"]]:
    found = []
    for folder, suffix in (("scans", "obj"), ("scans_lmks_onlypp", "pp")):
        paths = sorted((data / folder / subject).glob(f"*.{suffix}"))
        if not paths:
            raise InputError(
                f"holds no .{suffix}: is this the NoW data folder?", source=data / folder / subject
            )
        found.append(paths[0])
    return read_mesh(found[0]), read_picked_points(found[1])
