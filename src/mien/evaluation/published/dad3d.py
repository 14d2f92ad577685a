"""The DAD-3DHeads benchmark (Martyniuk et al. 2022, §5): data and submissions in their published layout.

The data: a folder `DAD-3DHeadsDataset` with `val/val.json`, `val/annotations/ID.json`, `val/images/ID.png`,
or the one file `ground_truth_val.json` that the published `generate_gt.py` makes of it. A submission is one
JSON document, `{ID: {"68_landmarks_2d", "N_landmarks_3d", "7_landmarks_3d", "rotation_matrix"}}`.

Frames: annotations are in OpenGL's camera, submissions in OpenCV's: a true rotation is diag(1, −1, −1) times
the annotation's, and true depth is negated. True picture positions have their origin at the top-left corner.

Beyond the four metrics, where a submission allows it: MLME and MVE of Simic's thesis, MVE after the
similarity of the seven points because a submission's frame and size are its own (the thesis names no
alignment); and MRLE when a prediction also has "landmarks_2d" and "reprojected_landmarks_2d", as mien's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.evaluation.published import dad3d_metrics as metrics
from mien.evaluation.published.flame_landmarks import FLAME_VERTICES, FlameFiles
from mien.evaluation.published.scan_to_mesh import SEVEN_POINTS
from mien.geometry.alignment import align_similarity
from mien.images.stored import picture_size_px
from mien.progress import ProgressReport, reported, silent
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json

OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class DadHead:
    """One annotated head.

    Attributes:
        name: its item id.
        vertices: (5023, 3) FLAME's vertices in the head's frame.
        model_view, projection: (4, 4) the annotation's matrices.
        box_px: left, top, width and height of the head.
        image_height_px: height of the picture.
        attributes: kinds of picture that it belongs to.
    """

    name: str
    vertices: Float[np.ndarray, "5023 3"]
    model_view: Float[np.ndarray, "4 4"]
    projection: Float[np.ndarray, "4 4"]
    box_px: tuple[float, float, float, float]
    image_height_px: int
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> Float[np.ndarray, "5023 3"]:
        """The vertices in the annotation's camera frame (OpenGL)."""
        return self.vertices @ self.model_view[:3, :3].T + self.model_view[:3, 3]

    @property
    def rotation(self) -> Float[np.ndarray, "3 3"]:
        """OpenCV's camera from head."""
        return OPENCV_FROM_OPENGL @ self.model_view[:3, :3]

    def project_px(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
        """Points of the head's frame in the picture; (0, 0) is the top-left corner."""
        homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
        clip = homogeneous @ (self.projection @ self.model_view).T
        flat = clip[:, :2] / clip[:, 3:]
        return np.stack([flat[:, 0], self.image_height_px - flat[:, 1]], axis=1)


@dataclass(frozen=True)
class DadScores:
    """One head's errors; NaN where the submission lacks what a metric needs."""

    nme_percent: float = float("nan")
    """68 points, percent of the root of the box's area."""
    z5: float = float("nan")
    """Share of depth orders that are right, as the published code computes it."""
    z5_nearest: float = float("nan")
    """The same as the paper defines it."""
    chamfer: float = float("nan")
    """Squared, in 1/20 of the distance of the inner eye corners."""
    pose: float = float("nan")
    """‖I − R Rᵀ‖."""
    mlme_px: float = float("nan")
    """Mean distance of the 68 points, pixels."""
    mve_face_mm: float = float("nan")
    mve_head_mm: float = float("nan")
    """Mean distance of FLAME's vertices after the alignment, millimetres."""
    mrle_px: float = float("nan")
    """Mean distance of projected vertices from the landmarks that were fitted."""


METRICS = tuple(each.name for each in fields(DadScores))


@dataclass(frozen=True, eq=False)
class DadResult:
    """What the benchmark found.

    Attributes:
        heads, scores: those that were predicted, and their errors.
        missing: the others and why.
    """

    heads: tuple[DadHead, ...]
    scores: tuple[DadScores, ...]
    missing: tuple[tuple[str, str], ...]

    def figures(self, attribute: tuple[str, str] | None = None) -> dict[str, float | int]:
        """Means over heads; NaN where no prediction has what a metric needs.

        Args:
            attribute: only heads with this attribute and value.
        """
        scores = [
            each
            for head, each in zip(self.heads, self.scores, strict=True)
            if attribute is None or head.attributes.get(attribute[0]) == attribute[1]
        ]
        figures: dict[str, float | int] = {}
        for name in METRICS:
            values = np.array([getattr(each, name) for each in scores], float)
            values = values[np.isfinite(values)]
            figures[name] = float(values.mean()) if len(values) else float("nan")
        return {**figures, "heads": len(scores)}

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """Every attribute and value that occurs."""
        return sorted({pair for head in self.heads for pair in head.attributes.items()})


def read_heads(data: str | Path, *, split: str = "val") -> list[DadHead]:
    """The annotated heads of a part of the data.

    Args:
        data: DAD-3DHeadsDataset or the folder that holds it, or the file that `generate_gt.py` makes.

    Raises:
        InputError: a file is missing or not as expected.
    """
    path = Path(data)
    if path.is_file():
        return [_head(entry, entry, _of(entry).get("image_height"), path) for entry in _read_json(path, list)]
    folder = dataset_folder(path, split)
    table = folder / f"{split}.json"
    heads = []
    for entry in _read_json(table, list):
        try:
            name = str(entry["item_id"])
        except (KeyError, TypeError) as error:
            raise InputError("has an entry without item_id", source=table) from error
        if Path(name).name != name or "\0" in name:
            raise InputError(f"has an item_id that is no file's name: {name!r}", source=table)
        annotation = folder / "annotations" / f"{name}.json"
        height_px = picture_size_px(folder / "images" / f"{name}.png")[1]
        heads.append(_head({**entry, "id": name}, _read_json(annotation, dict), height_px, annotation))
    return heads


def read_item_boxes(table: str | Path) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Ids and boxes (left, top, width, height) of a part's pictures, all that a prediction may know.

    Raises:
        InputError: the file is not as expected.
    """
    with damage_named(table, "has an entry without item_id or bbox"):
        return [
            (str(entry["item_id"]), tuple(FileValues(entry, source=table).array("bbox", "4").tolist()))
            for entry in _read_json(Path(table), list)
        ]


def dataset_folder(data: str | Path, split: str) -> Path:
    """Where a part of the data lies.

    Raises:
        InputError: it is not there.
    """
    path = Path(data)
    for folder in (path / split, path / "DAD-3DHeadsDataset" / split, path):
        if (folder / f"{split}.json").is_file():
            return folder
    raise InputError(f"holds no {split}/{split}.json: is this DAD-3DHeadsDataset?", source=path)


def read_submission(path: str | Path) -> dict[str, dict[str, Any]]:
    """A submission.

    Raises:
        InputError: it is missing or no JSON object of objects.
    """
    path = Path(path)
    document = _read_json(path, dict)
    if not all(isinstance(value, dict) for value in document.values()):
        raise InputError("is no submission: every item must be an object of arrays", source=path)
    return document


def score(head: DadHead, prediction: dict[str, Any], flame: FlameFiles) -> DadScores:
    """One head's errors.

    Raises:
        InputError: an array has another shape than the submission's layout has.
    """
    points_px = _array(prediction, "68_landmarks_2d", (68, 2))
    cloud = _array(prediction, "N_landmarks_3d", (-1, 3))
    seven = _array(prediction, "7_landmarks_3d", (7, 3))
    rotation = _array(prediction, "rotation_matrix", (3, 3))
    landmarks = flame.landmarks(head.vertices)
    found: dict[str, float] = {}
    if points_px is not None:
        true_px = head.project_px(landmarks)
        found["nme_percent"] = metrics.nme_percent(points_px, true_px, (head.box_px[2], head.box_px[3]))
        found["mlme_px"] = float(np.linalg.norm(points_px - true_px, axis=1).mean())
    if rotation is not None:
        found["pose"] = metrics.pose_error(rotation, head.rotation)
    if cloud is not None and seven is not None:
        true_seven = flame.landmarks(head.seen)[list(SEVEN_POINTS)]
        found["chamfer"] = metrics.chamfer_distance(cloud, seven, head.seen, true_seven, flame.face)
    if cloud is not None and len(cloud) == FLAME_VERTICES:
        predicted, true = cloud[flame.head], -head.seen[flame.head]
        found["z5"] = metrics.ordinal_depth_published(predicted, true)
        found["z5_nearest"] = metrics.ordinal_depth(predicted, true)
        if seven is not None:
            placed = align_similarity(seven, landmarks[list(SEVEN_POINTS)]).apply(cloud)
            distances_mm = 1000 * np.linalg.norm(placed - head.vertices, axis=1)
            found["mve_face_mm"] = float(distances_mm[flame.face].mean())
            found["mve_head_mm"] = float(distances_mm[flame.head].mean())
    fitted = _array(prediction, "landmarks_2d", (-1, 2))
    projected = _array(prediction, "reprojected_landmarks_2d", (-1, 2))
    if fitted is not None and projected is not None and fitted.shape == projected.shape:
        found["mrle_px"] = float(np.linalg.norm(projected - fitted, axis=1).mean())
    return DadScores(**found)


def evaluate(
    heads: Sequence[DadHead],
    submission: dict[str, dict[str, Any]],
    flame: FlameFiles,
    *,
    report: ProgressReport = silent,
) -> DadResult:
    """Measure a submission; heads without a usable prediction are reported and left out of the means."""
    known, scores, missing = [], [], []
    for head in reported(heads, report, label="DAD-3DHeads"):
        if head.name not in submission:
            missing.append((head.name, "was not predicted"))
            continue
        try:
            scores.append(score(head, submission[head.name], flame))
            known.append(head)
        except InputError as error:
            missing.append((head.name, str(error)))
    return DadResult(tuple(known), tuple(scores), tuple(missing))


def _head(entry: dict[str, Any], annotation: dict[str, Any], height_px: Any, source: Path) -> DadHead:
    what = "is no annotation: expected bbox, vertices (5023, 3), model_view_matrix and projection_matrix"
    with damage_named(source, what):
        values = FileValues(annotation, source=source, remedy=f"it {what}")
        left, top, width, height = (
            FileValues(entry, source=source, remedy=f"it {what}").array("bbox", "4").tolist()
        )
        return DadHead(
            name=str(entry["id"]),
            vertices=values.array("vertices", f"{FLAME_VERTICES} 3", low=-1e6, high=1e6),
            model_view=values.array("model_view_matrix", "4 4", low=-1e9, high=1e9),
            projection=values.array("projection_matrix", "4 4", low=-1e9, high=1e9),
            box_px=(left, top, width, height),
            image_height_px=int(height_px),
            attributes={str(key): str(value) for key, value in (entry.get("attributes") or {}).items()},
        )


def _of(entry: Any) -> dict[str, Any]:
    return entry if isinstance(entry, dict) else {}


def _array(prediction: dict[str, Any], key: str, shape: tuple[int, int]) -> np.ndarray | None:
    if prediction.get(key) is None:
        return None
    try:
        values: np.ndarray = np.array(prediction[key], float)
        if shape[0] > 0:
            values = values.reshape(shape)
        if values.ndim != 2 or values.shape[-1] != shape[1] or not np.isfinite(values).all():
            raise ValueError
    except (ValueError, TypeError) as error:
        rows = str(shape[0]) if shape[0] > 0 else "N"
        raise InputError(f"{key!r} is not ({rows}, {shape[1]}) finite numbers") from error
    return values


def _read_json(path: Path, kind: type) -> Any:
    document = read_json(path, what="is no readable JSON file")
    if not isinstance(document, kind):
        raise InputError(f"holds a {type(document).__name__}, not a {kind.__name__}", source=path)
    return document
