"""mien's own predictions for the NoW benchmark, in the layout of a submission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.evaluation.published.mesh_files import Mesh, write_obj
from mien.evaluation.published.now import NowPicture
from mien.evaluation.published.scan_to_mesh import SEVEN_POINTS
from mien.files import atomic_path
from mien.heads.model import Head
from mien.progress import ProgressReport, reported, silent

SURFACE_PARTS = ("skin", "left_eye", "right_eye", "surface")
"""Parts that a scanner sees: teeth, the mouth's inside and the eye sockets are left out. ("surface" is what
heads of one part call theirs.)"""
IMAGE_FOLDERS = ("", "iphone_pictures", "final_release_version/iphone_pictures")


def find_image(data: Path, picture: NowPicture) -> Path:
    """The picture's file in the data folder.

    Raises:
        InputError: it is not there.
    """
    inner = Path(picture.subject) / picture.challenge / picture.file_name
    for folder in IMAGE_FOLDERS:
        if (data / folder / inner).is_file():
            return data / folder / inner
    raise InputError(
        f"is not in {data}, nor in its {' or '.join(IMAGE_FOLDERS[1:])}; name the folder with --images",
        source=inner,
    )


def neutral_shape(
    head: Head, identity: Float[np.ndarray, " identity"]
) -> tuple[Mesh, Float[np.ndarray, "68 3"]]:
    """The visible surface of somebody at rest, metres, and its 68 landmarks."""
    vertices_m = head.mean_m + np.tensordot(identity, head.identity_basis_m, 1)
    seen = [index for index, name in enumerate(head.part_names) if name in SURFACE_PARTS]
    triangles = head.triangles[np.isin(head.vertex_parts, seen)[head.triangles].all(axis=1)]
    used, triangles = np.unique(triangles, return_inverse=True)
    mesh = Mesh(vertices_m[used], triangles.reshape(-1, 3))
    return mesh, vertices_m[head.landmark_set("ibug68").vertices]


def predict(
    pictures: Sequence[NowPicture],
    images: str | Path,
    out: str | Path,
    *,
    landmarker: Callable,
    head: Head,
    together: bool = False,
    report: ProgressReport = silent,
) -> None:
    """Fit a head to each picture, or with `together` one to all of a subject, and write a submission.

    Pictures without a usable fit get no files, as a submission has it; the evaluation reports them. With
    `together` every picture of the subject gets the subject's shape.

    Raises:
        InputError: a picture's file is missing.
    """
    from mien.fitting.context import Context
    from mien.fitting.photo import fit_photo
    from mien.fitting.views import fit_views

    context = Context(head=head, landmarker=landmarker)
    images, out = Path(images), Path(out)
    paths = {picture: find_image(images, picture) for picture in pictures}
    if not together:
        for picture in reported(pictures, report, label="fit"):
            fits = fit_photo(paths[picture], max_faces=1, context=context)
            if fits and fits[0].status.usable:
                _write(out, picture, head, fits[0].parameters.identity)
        return
    subjects = list(dict.fromkeys(picture.subject for picture in pictures))
    for subject in reported(subjects, report, label="fit"):
        members = [picture for picture in pictures if picture.subject == subject]
        views = fit_views([paths[picture] for picture in members], context=context)
        if views.status.usable and views.found:
            for picture in members:
                _write(out, picture, head, views.identity)


def _write(out: Path, picture: NowPicture, head: Head, identity: np.ndarray) -> None:
    mesh, landmarks_m = neutral_shape(head, identity)
    stem = out / picture.stem
    write_obj(stem.with_name(f"{stem.name}.obj"), mesh.vertices, mesh.triangles)
    with atomic_path(stem.with_name(f"{stem.name}.npy")) as temporary:
        np.save(temporary, landmarks_m[list(SEVEN_POINTS)])
