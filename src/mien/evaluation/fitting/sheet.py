"""A sheet of true and fitted heads, with the error in colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.evaluation.fitting.shape_error import ShapeJudge
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.synthetic.held_out_people.crowd import Photographer
from mien.synthetic.held_out_people.picture_files import picture_path

FULL_MM = 3.0
"""Distance from which the colour no longer changes."""
_RAMP = np.array(
    [[0.16, 0.36, 0.75], [0.35, 0.75, 0.70], [0.95, 0.90, 0.45], [0.93, 0.50, 0.22], [0.65, 0.08, 0.12]]
)
_CELL_PX = 220
_TURN_RAD = 0.7


def draw_sheet(
    photographer: Photographer,
    fitted_m: Float[np.ndarray, "people vertices 3"],
    people: Sequence[int],
    *,
    folder: Path | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """One row a person: their picture, where there is one; the true head and the fitted one from the front
    and the side; the distance of the true surface from the fitted one; the same for the mean head.

    Args:
        fitted_m: neutral shapes of everybody.
        people: who is shown.
        folder: where rendered pictures lie.
    """
    from mien.drawing.sheets import contact_sheet
    from mien.images.photo import read_image

    head = photographer.head
    pictures = {} if folder is None else {person: picture_path(folder, person, 0) for person in people}
    pictures = {person: read_image(path) for person, path in pictures.items() if path.exists()}
    cells, captions = [], []
    for person in people:
        true_m = photographer.neutral_m(person)
        judge = ShapeJudge.of(head, true_m)
        fit, mean = judge.measure(fitted_m[person]), judge.measure(head.mean_m)
        aligned_m = fit.scan_from_mesh.apply(fitted_m[person])
        aligned_mean_m = mean.scan_from_mesh.apply(head.mean_m)
        if pictures:  # a column for all, even if some were not drawn
            blank = np.zeros((_CELL_PX, _CELL_PX, 3), np.uint8)
            cells.append(_middle(pictures[person]) if person in pictures else blank)
            captions.append(f"person {person}, {photographer.crowd.groups[person]}")
        for label, vertices_m in (("true", true_m), ("fitted", aligned_m)):
            for yaw_rad in (0.0, _TURN_RAD):
                cells.append(draw_shape(head, vertices_m, yaw_rad=yaw_rad))
                captions.append(label)
        for label, vertices_m, error_mm in (
            ("fitted", aligned_m, np.median(fit.distances_mm)),
            ("mean head", aligned_mean_m, np.median(mean.distances_mm)),
        ):
            colors = error_colors(judge.vertex_distances_mm(vertices_m), judge.measured)
            cells.append(draw_shape(head, true_m, yaw_rad=0.0, albedo=colors))
            captions.append(f"{label} {error_mm:.2f} mm")
    columns = len(cells) // len(people)
    return contact_sheet(cells, columns=columns, captions=captions, cell_px=_CELL_PX)


def error_colors(
    distances_mm: Float[np.ndarray, " vertices"], measured: np.ndarray
) -> Float[np.ndarray, "vertices 3"]:
    """Blue for 0 through yellow to dark red for `FULL_MM` and more; grey where nothing is measured."""
    place = np.clip(distances_mm / FULL_MM, 0, 1) * (len(_RAMP) - 1)
    colors = np.stack([np.interp(place, np.arange(len(_RAMP)), column) for column in _RAMP.T], axis=1)
    return np.where(measured[:, None], colors, 0.55)


def draw_shape(
    head: Head,
    vertices_m: Float[np.ndarray, "vertices 3"],
    *,
    yaw_rad: float,
    albedo: Float[np.ndarray, "vertices 3"] | None = None,
) -> UInt8[np.ndarray, "size size 3"]:
    """A head's shape in the head frame, seen from afar, large enough to compare faces."""
    import cv2

    from mien.drawing.mesh import draw_mesh

    centre_m = head.mean_m[head.landmark_set("ibug68").vertices].mean(axis=0) * [1, 1, 0]
    turn = matrix_from_rotation_vector(np.array([0.0, yaw_rad, 0.0]))
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = 1.5
    side_px = 2 * _CELL_PX
    camera = Camera.from_focal(
        side_px * 1.5 / 0.24, width_px=side_px, height_px=side_px, camera_from_world=pose
    )
    canvas = np.full((side_px, side_px, 3), (38, 41, 47), np.uint8)
    # Teeth that reach through the lips of unusual people would hide what is compared.
    teeth = [part for part, name in enumerate(head.part_names) if "teeth" in name]
    triangles = head.triangles[~np.isin(head.vertex_parts, teeth)[head.triangles].any(axis=1)]
    drawn = draw_mesh(canvas, (vertices_m - centre_m) @ turn.T, triangles, camera, opacity=1.0, albedo=albedo)
    return cv2.resize(drawn, (_CELL_PX, _CELL_PX), interpolation=cv2.INTER_AREA)


def _middle(image: np.ndarray) -> np.ndarray:
    rows, columns = (int(0.12 * side) for side in image.shape[:2])
    return image[rows:-rows, columns:-columns]
