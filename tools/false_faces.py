"""How often things are taken for faces: cut-out pictures of them laid on grounds, and the grounds alone.

    python tools/false_faces.py --stamps /usr/share/tuxpaint/stamps \\
        --grounds /usr/share/backgrounds/mate/nature --sheet sheet.png

Stamps are .png files with transparency; the first folder of their path is their kind (animals, food, …).
Those of people, letters and signs are left out. Half of them lie on one grey, half on a part of a ground, 250
to 420 pixels large in 512. Tux Paint's stamps (Debian: tuxpaint-stamps-default) and MATE's backgrounds
(mate-backgrounds) are what docs/results/landmarks.md was measured on.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from mien.drawing.landmarks import draw_landmarks
from mien.images.photo import read_image
from mien.images.writing import write_image
from mien.landmarks.landmarker import Landmarker

SIDE_PX = 512
TILE_PX = 240
LEFT_OUT = ("people", "military", "alphabets", "math", "music", "shapes", "spacewalk.png")
"""Parts of paths: faces and helmets, and what is no picture of anything."""
APART = {"money": "coins and notes", "faces": "smileys"}
"""Second folders that are kinds of their own."""
FROM_A_GROUND = 5
"""Cuttings of each ground that are shown alone."""


def stamps(folder: Path) -> Iterator[tuple[str, Path]]:
    """Kind and path."""
    for path in sorted(folder.rglob("*.png")):
        parts = path.relative_to(folder).parts
        if not set(parts) & set(LEFT_OUT) and not path.stem.endswith(("_mirror", "_flip")):
            yield APART.get(parts[1], parts[0]), path


def cutting(ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A square part of a ground."""
    side = min(int(rng.integers(500, 1000)), *ground.shape[:2])
    top, left = (int(rng.integers(size - side + 1)) for size in ground.shape[:2])
    part = ground[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA))


def laid_on(ground: np.ndarray, stamp: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A stamp (H, W, 4) somewhere on a square picture."""
    scale = float(rng.uniform(250, 420)) / max(stamp.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    stamp = np.asarray(cv2.resize(stamp, None, fx=scale, fy=scale, interpolation=way))
    height, width = stamp.shape[:2]
    top, left = int(rng.integers(SIDE_PX - height + 1)), int(rng.integers(SIDE_PX - width + 1))
    picture, opacity = ground.astype(float), stamp[..., 3:] / 255
    place = picture[top : top + height, left : left + width]
    place[:] = opacity * stamp[..., :3] + (1 - opacity) * place
    return picture.astype(np.uint8)


def pictures(stamp_folder: Path, ground_folder: Path, *, seed: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """Kind, name and (512, 512, 3) picture."""
    rng = np.random.default_rng(seed)
    paths = sorted(ground_folder.glob("*.jpg"))
    grounds = [read_image(path) for path in paths]
    for kind, path in stamps(stamp_folder):
        stamp = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if stamp is None or stamp.ndim != 3:
            continue
        if stamp.shape[2] == 3:
            stamp = np.dstack([stamp, np.full(stamp.shape[:2], 255, np.uint8)])
        grey = np.full((SIDE_PX, SIDE_PX, 3), int(rng.integers(120, 256)), np.uint8)
        ground = grey if rng.random() < 0.5 else cutting(grounds[int(rng.integers(len(grounds)))], rng)
        yield kind, path.stem, laid_on(ground, stamp[..., [2, 1, 0, 3]], rng)
    for path, ground in zip(paths, grounds, strict=True):
        for number in range(FROM_A_GROUND):
            yield "grounds", f"{path.stem} {number}", cutting(ground, rng)


def main() -> None:
    parser = argparse.ArgumentParser(description="How often things are taken for faces.")
    parser.add_argument("--stamps", type=Path, required=True)
    parser.add_argument("--grounds", type=Path, required=True)
    parser.add_argument("--model", default="realtime")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    landmarker = Landmarker(args.model)
    shown, taken, tiles = Counter[str](), Counter[str](), []
    for kind, name, picture in pictures(args.stamps, args.grounds, seed=args.seed):
        shown[kind] += 1
        faces = landmarker(picture)
        if faces:
            taken[kind] += 1
            print(f"{kind}: {name}")
            tiles.append(cv2.resize(draw_landmarks(picture, faces), (TILE_PX, TILE_PX)))
    for kind, count in shown.items():
        print(f"{kind}: {taken[kind]} of {count}")
    print(f"all: {taken.total()} of {shown.total()}")
    if args.sheet is not None and tiles:
        write_image(args.sheet, np.hstack(tiles))


if __name__ == "__main__":
    main()
