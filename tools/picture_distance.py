"""How far drawn faces are from photographs: a Fréchet distance between features of a face network.

    python tools/picture_distance.py --network face_mesh.onnx --photos DIR [DIR …] --drawn DIR [DIR …]

Each folder holds pictures (.jpg, .png) or shards (.tar) of one face each. The network is MediaPipe's Face
Mesh as ONNX (input `image` (B, 3, 192, 192) in [0, 1]; outputs `points`, `presence`, `features`). Each face
is framed by the network itself: it looks at the whole picture, then at the face that it found, as its makers
do in video, so both kinds of pictures are framed alike. Faces that turn far aside are left out: how often
people do that is no matter of looks. Features are averaged over the map and compared as Gaussians; the two
halves of the photographs say what is small. The distance falls with the number of pictures: compare sets of
one size. Pillow reads the pictures.
"""

from __future__ import annotations

import argparse
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SIDE_PX = 192
LOOKS = 3
"""How often a face is framed anew."""
FACE_SHARE = 0.67
"""Side of the face's box over the frame's."""
MOST_TURNED = 0.35
"""Place of the nose's tip between the face's sides, from -1 to 1, beyond which a face is turned."""
STARTS = (1.0, 0.7)
"""First frames tried, over the picture's shorter side."""


def pictures(folder: Path) -> Iterator[np.ndarray]:
    """(H, W, 3) uint8 pictures of a folder, in the order of their names."""
    from PIL import Image

    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".jpg", ".jpeg", ".png")):
        yield np.asarray(Image.open(path).convert("RGB"))
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.name.endswith(".jpg") else None
                if stream is not None:
                    yield np.asarray(Image.open(io.BytesIO(stream.read())).convert("RGB"))


def frame(picture: np.ndarray, center: np.ndarray, side_px: float, turn_rad: float) -> np.ndarray:
    """(3, S, S) float32 of a turned square, bilinear, the border repeated; large ones are averaged first."""
    from PIL import Image

    shrink = max(1, int(side_px / SIDE_PX))
    image = Image.fromarray(picture)
    if shrink > 1:
        image = image.reduce(shrink)
    values = np.asarray(image, np.float32) / 255
    step = (np.arange(SIDE_PX) + 0.5) / SIDE_PX - 0.5
    x, y = np.meshgrid(step * side_px, step * side_px)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    column = (center[0] + cosine * x - sine * y + 0.5) / shrink - 0.5
    row = (center[1] + sine * x + cosine * y + 0.5) / shrink - 0.5
    height, width = values.shape[:2]
    column, row = np.clip(column, 0, width - 1.001), np.clip(row, 0, height - 1.001)
    left, top = column.astype(int), row.astype(int)
    u, v = (column - left)[..., None], (row - top)[..., None]
    upper = values[top, left] * (1 - u) + values[top, np.minimum(left + 1, width - 1)] * u
    below = np.minimum(top + 1, height - 1)
    lower = values[below, left] * (1 - u) + values[below, np.minimum(left + 1, width - 1)] * u
    return (upper * (1 - v) + lower * v).transpose(2, 0, 1).astype(np.float32)


def features_of(session: Any, picture: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Logit of the presence of a face, how far it is turned aside, and (F,) features of it."""
    height, width = picture.shape[:2]
    best = (-np.inf, 0.0, np.zeros(0))
    for start in STARTS:
        center, side, turn = np.array([width, height]) / 2 - 0.5, start * min(width, height), 0.0
        presence, aside, features = -np.inf, 0.0, np.zeros(0)
        for _ in range(LOOKS):
            image = frame(picture, center, side, turn)
            points, presence, features = session.run(
                ["points", "presence", "features"], {"image": image[None]}
            )
            presence = float(np.ravel(presence)[0])
            place = (points[0, :, :2] / SIDE_PX - 0.5) * side
            rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            place = place @ rotation + center
            if not np.isfinite(place).all():
                break
            eyes = place[263] - place[33]  # outer corners: from the picture's left to its right
            turn = float(np.arctan2(eyes[1], eyes[0]))
            level = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            upright = place @ level
            nose, left, right = upright[[1, 234, 454], 0]
            aside = float(2 * (nose - left) / (right - left) - 1) if right > left else 1.0
            low, high = upright.min(axis=0), upright.max(axis=0)
            center, side = level @ ((low + high) / 2), float((high - low).max() / FACE_SHARE)
        if presence > best[0]:
            best = (presence, aside, features[0].mean(axis=(1, 2)))
    return best


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared Fréchet distance of two sets of features (N, F) taken as Gaussians."""
    apart = first.mean(axis=0) - second.mean(axis=0)
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    mixed = np.linalg.eigvalsh(root @ two @ root)
    return float(apart @ apart + np.trace(one) + np.trace(two) - 2 * np.sqrt(np.maximum(mixed, 0)).sum())


def main() -> None:
    import onnxruntime

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--drawn", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=1000, help="most pictures of each folder")
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(options.network, settings, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    sets = {}
    for folder in (*options.photos, *options.drawn):
        found = []
        for index, picture in enumerate(pictures(folder)):
            if index >= options.count:
                break
            found.append(features_of(session, picture))
        seen = np.array([presence > 0 for presence, _, _ in found])
        ahead = seen & np.array([abs(aside) < MOST_TURNED for _, aside, _ in found])
        sets[folder] = np.stack([values for _, _, values in found])[ahead]
        print(
            f"{folder}: {len(found)} pictures, a face in {100 * seen.mean():.1f} %, {ahead.sum()} not turned"
        )
    everything = np.concatenate([sets[folder] for folder in options.photos])
    spread = everything.std(axis=0) + 1e-6  # of photographs: each feature counts alike
    photos = rng.permutation(everything) / spread
    half = len(photos) // 2
    print(f"photographs, one half from the other: {frechet_distance(photos[:half], photos[half:]):.1f}")
    for folder in options.drawn:
        print(f"{folder} from photographs: {frechet_distance(sets[folder] / spread, photos):.1f}")


if __name__ == "__main__":
    main()
