"""`mien lift PICTURE…`: 3D landmarks of every face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.commands.arguments import Flat, parse
from mien.commands.options import LandmarkerOptions, OutputOptions, PictureOptions

if TYPE_CHECKING:
    from mien.commands.batch import Done
    from mien.landmarks.landmarker import Landmarker
    from mien.lifting.lifter import LiftedFace, Lifter


@dataclass(frozen=True)
class LiftConfig:
    """Mark the 3D landmarks of each face in pictures, by their 2D definition; or one of the verbs

    views (draw a 3D generator's people), labels (lift 2D detections in them to 3D), label (2D landmarks of
    videos): what a lifting network is trained from, each with its own --help.

    Writes for each picture NAME-lifted.png (the landmarks with their covariances, and the face turned),
    .json, .npz and, of each face, .ply.
    """

    inputs: Flat[PictureOptions]
    network: str = "lifting"
    """Lifting network: a shipped one, or the path of an .onnx file."""
    both_ways: bool | None = None
    """Look at each face mirrored too: a little better, in twice the time; as the network's card says unless
    given."""
    finding: Flat[LandmarkerOptions] = LandmarkerOptions()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    config = parse(LiftConfig, arguments, prog="mien lift")
    from mien.commands.batch import check_folder, check_some, print_outcome, run_batch
    from mien.landmarks.landmarker import Landmarker
    from mien.lifting.lifter import Lifter

    check_some(config.inputs.pictures, what="picture", usage="mien lift photo.jpg")
    check_folder(config.output.out)
    landmarker = Landmarker(config.finding.model, search=config.finding.search)
    lifter = Lifter(config.network, both_ways=config.both_ways)
    batch = run_batch(
        config.inputs.pictures,
        lambda path, stem: _lift(path, stem, landmarker=landmarker, lifter=lifter, config=config),
        label="pictures",
        quiet=config.output.json,
    )
    return print_outcome(
        batch,
        command="lift",
        columns=("faces", "yaw, pitch, roll (°)", "median σ (px)"),
        output=config.output,
        next_step="Look at the .png; the .json holds points_m, covariance_px and the camera of every face.",
    )


def _lift(path: Path, stem: str, *, landmarker: Landmarker, lifter: Lifter, config: LiftConfig) -> Done:
    import numpy as np

    from mien.commands.batch import Done
    from mien.commands.faces import no_face
    from mien.drawing.lifted import draw_lifted
    from mien.images.photo import read_image
    from mien.images.writing import write_image

    image = read_image(path)
    found = landmarker(image, max_faces=config.inputs.max_faces)
    if not found:
        raise no_face(path, image, landmarker)
    faces = [lifter(image, face) for face in found]
    out = config.output.out
    document = _document(path, image.shape[1], image.shape[0], faces)
    files = [
        write_image(out / f"{stem}-lifted.png", draw_lifted(image, faces)),
        _write_json(out / f"{stem}-lifted.json", document),
        _write_npz(out / f"{stem}-lifted.npz", faces, document),
    ]
    for number, face in enumerate(faces, start=1):
        name = stem if len(faces) == 1 else f"{stem}-{number}"
        files.append(_write_ply(out / f"{name}-lifted.ply", face))
    turns = "; ".join(
        ", ".join(f"{np.degrees(angle):.0f}" for angle in face.yaw_pitch_roll_rad) for face in faces
    )
    sigma_px = float(np.median([face.sigma_px for face in faces]))
    return Done(
        files=tuple(files),
        row=(str(len(faces)), turns, f"{sigma_px:.2f}"),
        facts={"faces": document["faces"]},
    )


def _document(path: Path, width_px: int, height_px: int, faces: list[LiftedFace]) -> dict[str, Any]:
    from mien import __version__

    return {
        "format_version": 1,
        "mien_version": __version__,
        "kind": "lifted landmarks",
        "picture": path.name,
        "width_px": width_px,
        "height_px": height_px,
        "set_name": faces[0].set_name,
        "units": "metres in the head's frame (+x to the subject's left, +y up, +z out of the face); pixels, "
        "pixel (0, 0) is the centre of the top-left pixel",
        "faces": [
            {
                "points_m": face.points_m.tolist(),
                "points_px": face.points_px.tolist(),
                "covariance_px": face.covariance_px.tolist(),
                "yaw_pitch_roll_rad": list(face.yaw_pitch_roll_rad),
                "crop": {
                    "center_px": face.region.center_px.tolist(),
                    "side_px": face.region.side_px,
                    "roll_rad": face.region.roll_rad,
                    "size_px": face.camera.width_px,
                    "intrinsics": face.camera.intrinsics.tolist(),
                    "crop_from_head": face.camera.camera_from_world.tolist(),
                },
            }
            for face in faces
        ],
    }


def _write_json(path: Path, document: dict[str, Any]) -> Path:
    import json

    from mien.files import write_text

    write_text(path, json.dumps(document, ensure_ascii=False))
    return path


def _write_npz(path: Path, faces: list[LiftedFace], document: dict[str, Any]) -> Path:
    import json

    import numpy as np

    from mien.files import atomic_path

    plain = {key: value for key, value in document.items() if key != "faces"}
    with atomic_path(path) as temporary:
        np.savez_compressed(
            temporary,
            points_m=np.stack([face.points_m for face in faces]),
            points_px=np.stack([face.points_px for face in faces]),
            covariance_px=np.stack([face.covariance_px for face in faces]),
            crop_from_head=np.stack([face.camera.camera_from_world for face in faces]),
            document=json.dumps(plain),
        )
    return path


def _write_ply(path: Path, face: LiftedFace) -> Path:
    """Points in metres, with their deviation in the picture."""
    from mien.files import write_text

    lines = [
        "ply",
        "format ascii 1.0",
        f"comment {face.set_name}, metres, +x to the subject's left, +y up, +z out of the face",
        f"element vertex {len(face.points_m)}",
        *(f"property float {name}" for name in ("x", "y", "z", "sigma_px")),
        "end_header",
    ]
    for point, sigma in zip(face.points_m, face.sigma_px, strict=True):
        lines.append(f"{point[0]:.6f} {point[1]:.6f} {point[2]:.6f} {sigma:.3f}")
    write_text(path, "\n".join(lines) + "\n")
    return path
