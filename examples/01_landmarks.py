"""Dense landmarks of every face in a picture, with how sure the network is of each.

python examples/01_landmarks.py [PICTURE]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import mien

picture = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("astronaut.jpg")

image = mien.read_image(picture)  # (H, W, 3) uint8 RGB, upright whatever the EXIF data say
landmarker = mien.Landmarker("realtime")
faces = landmarker(image)  # best first; an empty list when there is no face
print(f"{picture.name}: {len(faces)} face(s)")

for number, face in enumerate(faces, start=1):
    left, top, right, bottom = face.box_px
    print(f"\nface {number}, score {face.score:.2f}, box {left:.0f} {top:.0f} {right:.0f} {bottom:.0f}")
    print(f"  {len(face)} points of the set {face.set_name}")

    # Each point is a Gaussian: its standard deviation grows where the picture does not show the place.
    surest, vaguest = np.argmin(face.sigma_px), np.argmax(face.sigma_px)
    print(f"  surest point  {surest:3d}: σ {face.sigma_px[surest]:.2f} px")
    print(f"  vaguest point {vaguest:3d}: σ {face.sigma_px[vaguest]:.2f} px")

    # The same face with the 68 points that most datasets use.
    eyes = face.to("ibug68").points_px[36:48]
    print(f"  eyes around {eyes[:6].mean(axis=0).round(1)} and {eyes[6:].mean(axis=0).round(1)} px")

overlay = mien.write_image("out/examples/landmarks.png", mien.draw_landmarks(image, faces))
print(f"\nwritten to {overlay}")
