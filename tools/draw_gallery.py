"""Draw the pictures of the built-in head for README and docs.

python -m tools.draw_gallery

docs/images/astronaut.png: the photograph in examples/, its landmarks, the textured head turned, and the mesh.
docs/images/landmarks.png: its landmarks with their uncertainty.
docs/images/track.png: a clip that moves over it, tracked.
docs/images/head.png: people and expressions of the head. docs/images/shapes.jpg: every ARKit shape.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import mien
from mien.cameras import Camera
from mien.drawing import contact_sheet, draw_landmarks, draw_look, render_head
from mien.drawing.sheets import beside, caption
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
BACKGROUND = (46, 49, 55)
EXPRESSIONS: tuple[str, ...] = (
    "mouthSmileLeft 0.7 mouthSmileRight 0.7 cheekSquintLeft 0.5 cheekSquintRight 0.5 jawOpen 0.15",
    "jawOpen 0.7 browInnerUp 0.7 eyeWideLeft 0.7 eyeWideRight 0.7",
    "eyeBlinkLeft 1 eyeBlinkRight 1",
    "eyeBlinkLeft 1 mouthSmileLeft 0.6",
    "browDownLeft 0.9 browDownRight 0.9 noseSneerLeft 0.6 noseSneerRight 0.6 mouthFrownLeft 0.5",
    "tongueOut 1 jawOpen 0.2",
    "mouthPucker 0.9 eyeLookOutLeft 0.7 eyeLookInRight 0.7",
    "cheekPuff 1 browOuterUpLeft 0.8",
)


def weights_of(text: str) -> dict[str, float]:
    words = text.split()
    return dict(zip(words[::2], map(float, words[1::2]), strict=True))


def portrait(
    head: Head, look: HeadLook, parameters: HeadParameters, *, yaw_rad: float = 0.0, size_px: int = 300
) -> np.ndarray:
    """The textured head alone, turned to the subject's left, from chest height of a studio camera."""
    turn = matrix_from_rotation_vector(np.array([0.0, yaw_rad, 0.0]))
    middle_m = np.array([0.0, 0.005, 0.03])
    posed = replace(
        parameters,
        root_rotation=rotation_vector_from_matrix(turn),
        root_translation_m=-turn @ middle_m,
    )
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[2, 3] = 1.2
    drawn_px = 2 * size_px
    camera = Camera.from_focal(
        0.5 * drawn_px * 1.2 / 0.155, width_px=drawn_px, height_px=drawn_px, camera_from_world=pose
    )
    canvas = np.full((drawn_px, drawn_px, 3), BACKGROUND, np.uint8)
    large = draw_look(canvas, head, posed, camera, look)
    return cv2.resize(large, (size_px, size_px), interpolation=cv2.INTER_AREA)


def with_expression(head: Head, weights: dict[str, float], identity: np.ndarray) -> HeadParameters:
    expression = np.zeros(head.expression_count)
    for name, weight in weights.items():
        expression[head.expression_names.index(name)] = weight
    return replace(head.neutral(), identity=identity, expression=expression)


def draw_head(head: Head) -> None:
    """People above, expressions below."""
    rng = np.random.default_rng(8)
    look = mien.head_look(texture="albedo")
    people = [0.8 * rng.normal(size=head.identity_count) for _ in range(8)]
    cells = [
        portrait(head, look, replace(head.neutral(), identity=identity), yaw_rad=yaw_rad)
        for identity, yaw_rad in zip(people, [-0.5, 0.0, 0.5, -0.3, 0.0, 0.6, -0.6, 0.3], strict=True)
    ]
    nobody = np.zeros(head.identity_count)
    cells += [portrait(head, look, with_expression(head, weights_of(text), nobody)) for text in EXPRESSIONS]
    mien.write_image(IMAGES / "head.png", contact_sheet(cells, columns=8))


def draw_shapes(head: Head) -> None:
    """Every shape at a weight of 1, from the front."""
    look = mien.head_look(texture="albedo")
    nobody = np.zeros(head.identity_count)
    cells = []
    for name in head.expression_names:
        weights = {name: 1.0} | ({"jawOpen": 1.0} if name == "mouthClose" else {})
        picture = portrait(head, look, with_expression(head, weights, nobody), yaw_rad=-0.25, size_px=240)
        cells.append(caption(picture, " + ".join(weights)))
    mien.write_image(IMAGES / "shapes.jpg", contact_sheet(cells, columns=9))


def draw_astronaut(head: Head) -> None:
    """From the photograph to the head."""
    image = mien.read_image(ROOT / "examples" / "astronaut.jpg")
    fit = mien.fit_photo(image)[0]
    look = mien.head_look(fit, image)
    still = replace(fit.parameters, joint_rotations=np.zeros((4, 3)))
    marked = draw_landmarks(image, [fit.landmarks])
    side_px = 360
    photo = cv2.resize(_face(marked, fit), (side_px, side_px), interpolation=cv2.INTER_AREA)
    views = [portrait(head, look, still, yaw_rad=yaw_rad, size_px=side_px) for yaw_rad in (-0.5, 0.0, 0.5)]
    mesh = render_head(head, still, yaw_rad=0.5, size_px=side_px, wire=True, background=BACKGROUND)
    mien.write_image(IMAGES / "astronaut.png", beside([photo, *views, mesh]))


def draw_landmarks_large() -> None:
    """The photograph's landmarks."""
    image = mien.read_image(ROOT / "examples" / "astronaut.jpg")[10:230, 115:335]
    large = np.asarray(cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
    mien.write_image(IMAGES / "landmarks.png", draw_landmarks(large, mien.Landmarker("offline")(large)))


def draw_track(head: Head) -> None:
    """A clip that moves over the photograph, followed."""
    image = mien.read_image(ROOT / "examples" / "astronaut.jpg")
    frames = [_moved(image, turn) for turn in np.linspace(0, 2 * np.pi, 49)]
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with mien.VideoWriter(clip, frames_per_second=25) as writer:
            for frame in frames:
                writer.write(frame)
        track = mien.track_video(clip)
    shown = [mien.draw_track_frame(frames[index], head, track, index) for index in (0, 6, 14, 22, 31, 41)]
    mien.write_image(IMAGES / "track.png", beside(shown))


def _moved(image: np.ndarray, turn: float, *, side_px: int = 300) -> np.ndarray:
    """What a camera sees that swings, sways and comes nearer."""
    middle = (228 + 18 * np.sin(turn), 150 + 8 * np.cos(2 * turn))
    way = cv2.getRotationMatrix2D(middle, 16 * np.sin(2 * turn), 1.05 + 0.25 * np.sin(turn))
    way[:, 2] += side_px / 2 - np.array(middle)
    moved = cv2.warpAffine(
        image, way, (side_px, side_px), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved)


def _face(image: np.ndarray, fit: mien.HeadFit) -> np.ndarray:
    """The square about the face."""
    points_px = fit.landmarks.points_px
    middle, half = points_px.mean(axis=0), 0.62 * float(np.ptp(points_px, axis=0).max())
    low = np.clip(np.round(middle - half).astype(int), 0, None)
    high = np.minimum(np.round(middle + half).astype(int), [image.shape[1], image.shape[0]])
    side = int((high - low).min())
    return image[low[1] : low[1] + side, low[0] : low[0] + side]


if __name__ == "__main__":
    built_in = mien.load_head()
    draw_astronaut(built_in)
    draw_landmarks_large()
    draw_track(built_in)
    draw_head(built_in)
    draw_shapes(built_in)
