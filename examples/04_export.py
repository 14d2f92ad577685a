"""The same fit in every format, and back again.

python examples/04_export.py [PICTURE]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import mien

OUT = Path("out/examples")
picture = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("astronaut.jpg")

fits = mien.fit_photo(mien.read_image(picture), max_faces=1)
if not fits:
    sys.exit(f"{picture}: no face was found")
fit = fits[0]

# .glb: mesh, joints and ARKit-named shape keys, for Blender, Unity, Unreal or a web page.
# .obj: the posed mesh alone. .json and .npz: everything, as plain data.
for suffix in (".glb", ".obj", ".json", ".npz"):
    path = mien.export(fit, OUT / f"head{suffix}")
    print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")

# The head stands at the origin; origin="camera" leaves it where the picture shows it. neutral=True: at rest.
print(mien.export(fit, OUT / "head-in-picture.glb", origin="camera"))
print(mien.export(fit, OUT / "head-neutral.glb", neutral=True))

# What was saved reads back without loss.
again = mien.read_fit(OUT / "head.npz")
assert np.array_equal(again.parameters.identity, fit.parameters.identity)

# The parameters can be edited: the same person, with the mouth open.
head = mien.load_head()
expression = np.zeros(head.expression_count)
expression[head.expression_names.index("jawOpen")] = 0.7
surprised = replace(again, parameters=replace(again.parameters, expression=expression))
print("written to", mien.export(surprised, OUT / "head-mouth-open.obj"))
