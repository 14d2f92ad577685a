"""`mien landmarks`: find faces in pictures and mark their landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.options import LandmarkerOptions, OutputOptions, PictureOptions

if TYPE_CHECKING:
    from mien.commands.batch import Done
    from mien.landmarks.landmarker import Landmarker
    from mien.landmarks.types import Landmarks2D


@dataclass(frozen=True)
class LandmarksConfig:
    """Find faces in pictures and mark their landmarks.

    Writes for each picture NAME-landmarks.png (overlay; uncertain points have large circles), .json and .npz.
    """

    inputs: Flat[PictureOptions]
    set_name: str | None = None
    """Landmark set to write, for example ibug68 or wflw98; the network's own if not given."""
    network: Flat[LandmarkerOptions] = LandmarkerOptions()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    config = parse(LandmarksConfig, arguments, prog="mien landmarks")

    from mien.commands.batch import check_folder, check_some, print_outcome, run_batch
    from mien.landmarks.landmarker import Landmarker

    check_some(config.inputs.pictures, what="picture", usage="mien landmarks photo.jpg")
    check_folder(config.output.out)
    landmarker = Landmarker(config.network.model, search=config.network.search)
    batch = run_batch(
        config.inputs.pictures,
        lambda path, stem: _mark(path, stem, landmarker=landmarker, config=config),
        label="pictures",
        quiet=config.output.json,
    )
    return print_outcome(
        batch,
        command="landmarks",
        columns=("faces", "median σ (px)"),
        output=config.output,
        next_step="Look at the .png; the .json and .npz hold points_px and sigma_px of every face.",
    )


def _mark(path: Path, stem: str, *, landmarker: Landmarker, config: LandmarksConfig) -> Done:
    import numpy as np

    from mien.commands.batch import Done
    from mien.commands.faces import no_face
    from mien.drawing import draw_landmarks
    from mien.images.photo import read_image
    from mien.images.writing import write_image

    image = read_image(path)
    faces = landmarker(image, max_faces=config.inputs.max_faces)
    if not faces:
        raise no_face(path, image, landmarker)
    if config.set_name is not None:
        faces = [face.to(config.set_name) for face in faces]
    document = _document(path, image.shape[1], image.shape[0], faces)
    files = (
        write_image(config.output.out / f"{stem}-landmarks.png", draw_landmarks(image, faces)),
        _write_json(config.output.out / f"{stem}-landmarks.json", document),
        _write_npz(config.output.out / f"{stem}-landmarks.npz", document),
    )
    sigma_px = float(np.median([face.sigma_px for face in faces]))
    return Done(files=files, row=(str(len(faces)), f"{sigma_px:.2f}"), facts={"faces": document["faces"]})


def _document(path: Path, width_px: int, height_px: int, faces: list[Landmarks2D]) -> dict[str, Any]:
    from mien import __version__

    return {
        "format_version": 1,
        "mien_version": __version__,
        "kind": "landmarks",
        "picture": path.name,
        "width_px": width_px,
        "height_px": height_px,
        "set_name": faces[0].set_name,
        "units": "pixels; pixel (0, 0) is the centre of the top-left pixel",
        "faces": [
            {
                "score": float(face.score),
                "set_name": face.set_name,
                "box_px": list(face.box_px),
                "points_px": face.points_px.tolist(),
                "sigma_px": face.sigma_px.tolist(),
            }
            for face in faces
        ],
    }


def _write_json(path: Path, document: dict[str, Any]) -> Path:
    import json

    from mien.files import write_text

    write_text(path, json.dumps(document, ensure_ascii=False))
    return path


def _write_npz(path: Path, document: dict[str, Any]) -> Path:
    import json

    import numpy as np

    from mien.files import atomic_path

    faces = document["faces"]
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            points_px=np.array([face["points_px"] for face in faces]),
            sigma_px=np.array([face["sigma_px"] for face in faces]),
            score=np.array([face["score"] for face in faces]),
            document=json.dumps({key: value for key, value in document.items() if key != "faces"}),
        )
    return path
