"""Draw the sheets of faces as fields for docs/results/morphable_field.md.

    mien synth people --assets ASSETS --people 1 --expressions 2 --views 1 --size 64 --measured-size 64 \\
        --texture-size 512 --out few.npz
    python -m tools.draw_face_fields --people few.npz

Two people of the file, whom the shipped model has never seen, and the photograph in examples/, refined to
look as it. Written to docs/images: morphable_edit.png, morphable_interpolate.png, morphable_swap.png,
morphable_transfer.png.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mien.fields.rendering.smooth_picture import smooth_picture
from mien.fields.rendering.views import camera_towards
from mien.images.writing import write_image
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.from_photo import face_of_photo
from mien.morphable_fields.making import field_of
from mien.morphable_fields.model_files import read_model
from mien.morphable_fields.operations import (
    LandmarkMove,
    edit_face,
    interpolate_faces,
    swap_faces,
    transfer_expression,
)
from mien.synthetic.expressive_people.pictures import read_people

ROOT = Path(__file__).parent.parent
IMAGES, PHOTO = ROOT / "docs" / "images", ROOT / "examples" / "astronaut.jpg"
FRONT, SIDE = (0.0, 0.05), (0.6, 0.1)
CELL_PX = 192
SURPRISE = {"jawOpen": 0.6, "browInnerUp": 0.9, "browOuterUp": 0.8, "eyeWide": 0.7}
ANGER = {"browDown": 1.0, "noseSneer": 0.6, "mouthFrown": 0.6, "eyeSquint": 0.5}
LAUGH = {"mouthSmile": 0.9, "jawOpen": 0.35, "cheekSquint": 0.7}
WINK = {"eyeBlinkLeft": 1.0, "mouthSmileLeft": 0.6, "cheekSquintLeft": 0.4}


class Painter:
    """Stills of faces, each drawn once."""

    def __init__(self) -> None:
        self.model = read_model()

    def still(self, face: MorphableFace, place: tuple[float, float]) -> np.ndarray:
        field = field_of(self.model, face)
        camera = camera_towards(field, azimuth_rad=place[0], elevation_rad=place[1], size_px=CELL_PX)
        return smooth_picture(field, camera, supersampling=2)

    def row(self, faces: Iterable[MorphableFace], place: tuple[float, float] = FRONT) -> np.ndarray:
        return np.concatenate([self.still(face, place) for face in faces], axis=1)


def edits(face: MorphableFace) -> list[MorphableFace]:
    """A face as it is, its corners of the mouth, lower lip and brows taken, and a wink by weights."""
    corners = LandmarkMove("mouth_corners", (3, 6, 0), symmetric=True)
    lip, brows = LandmarkMove("lower_lip", (0, -10, 0), radius_mm=20), LandmarkMove("brows", (0, 6, 0))
    return [face, *(edit_face(face, [move]) for move in (corners, lip, brows)), edit_face(face, weights=WINK)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the sheets of faces as fields.")
    parser.add_argument("--people", type=Path, required=True)
    people = read_people(parser.parse_args().people)
    painter = Painter()
    rest = np.zeros(people.expression.shape[1])
    anna, ben = (
        MorphableFace(people.textures[n], people.identity[n], rest, np.zeros((68, 3))) for n in (2, 0)
    )
    photo = face_of_photo(PHOTO, refined=True)
    angry, surprised = (edit_face(ben, weights=weights) for weights in (ANGER, SURPRISE))
    laughing = edit_face(photo.neutral(), weights=LAUGH)
    shares = np.linspace(0, 1, 5).tolist()
    drivens = [surprised, *(transfer_expression(face, surprised) for face in (anna, photo))]
    sheets = {
        "edit": [painter.row(edits(face), place) for face in (anna, photo) for place in (FRONT, SIDE)],
        "interpolate": [
            painter.row([interpolate_faces(*pair, share) for share in shares])
            for pair in ((angry, surprised), (photo, laughing))
        ],
        "swap": [painter.row(swapped(*pair)) for pair in ((surprised, photo), (anna, angry))],
        "transfer": [painter.row(drivens, place) for place in (FRONT, SIDE)],
    }
    for name, rows in sheets.items():
        print(write_image(IMAGES / f"morphable_{name}.png", np.concatenate(rows)))


def swapped(one: MorphableFace, other: MorphableFace) -> list[MorphableFace]:
    """Two faces, with each other's landmarks, with each other's expression."""
    expressions = transfer_expression(one, other), transfer_expression(other, one)
    return [one, other, *swap_faces(one, other), *expressions]


if __name__ == "__main__":
    main()
