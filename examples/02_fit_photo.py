"""A 3D head from one photograph.

python examples/02_fit_photo.py [PICTURE]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import mien

picture = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("astronaut.jpg")

photo = mien.read_photo(picture)  # as read_image, with the focal length that the EXIF data give, if any
fits = mien.fit_photo(photo.image, camera=mien.CameraPrior.of_photo(photo))
if not fits:
    sys.exit(f"{picture}: no face was found")

fit = fits[0]
head = mien.load_head()
print(f"solver: {fit.status.value}, {fit.iterations} iterations")
print(f"median residual: {np.median(np.linalg.norm(fit.residuals_px, axis=1)):.2f} px")
print(f"focal length: {fit.camera.focal_px:.0f} px")

# Where the head is: metres, in the frame of the camera (x right, y down, z forward).
position_m = fit.camera.to_camera(fit.parameters.root_translation_m[None])[0]
print(f"head at {position_m.round(3)} m from the camera")

# What the face does: weights of the ARKit-named shapes, 0 rest … 1 full.
strongest = np.argsort(-fit.parameters.expression)[:5]
for index in strongest:
    print(f"  {head.expression_names[index]:<20} {fit.parameters.expression[index]:.2f}")

# The mesh itself: (V, 3) metres in the world, and the triangles that join its vertices.
vertices_m = head.vertices_m(fit.parameters)
print(f"{len(vertices_m)} vertices, {len(head.triangles)} triangles")

print("written to", mien.write_image("out/examples/fit.png", mien.draw_fit(photo.image, head, fit)))
print("written to", mien.export(fit, "out/examples/fit.glb"))
