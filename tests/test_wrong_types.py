"""Wrong types get an error that shows the right call.

In a process of its own: here, types are checked before functions are entered.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import pickle
from pathlib import Path

import numpy as np

import mien

image = mien.read_image("examples/astronaut.jpg")
landmarker = pickle.loads(pickle.dumps(mien.Landmarker()))
faces = landmarker(image)
[fit] = mien.fit_photo(image, context=mien.Context(landmarker=landmarker))
head = mien.load_head()
again = pickle.loads(pickle.dumps(fit))
assert again.status is fit.status and (again.parameters.identity == fit.parameters.identity).all()
assert fit == fit and fit != again

calls = {
    "take one of them, landmarks[0]": lambda: mien.fit_landmarks(faces, fit.camera),
    "landmarks should be a Landmarks2D, not a Camera": lambda: mien.fit_landmarks(fit.camera, faces[0]),
    "camera should be a Camera or a CameraPrior, not a float": lambda: mien.fit_photo(image, camera=500.0),
    "or an array, not a Landmarks2D": lambda: mien.fit_photo(faces[0]),
    "or an array, not None": lambda: mien.fit_photo(None),
    "fit should be a HeadFit or a TrackedFrame, not a list of 1": lambda: mien.arkit_weights([fit]),
    "mien.action_units(fit)": lambda: mien.action_units([fit]),
    "mien.fit_views([image, other_image])": lambda: mien.fit_views("photo.jpg"),
    'mien.track_video("clip.mp4")': lambda: mien.track_video(image),
    "not a HeadFit. The call is mien.track_video": lambda: mien.track_video(fit),
    "head.vertices_m(fit.parameters)": lambda: head.vertices_m(fit),
    "mien.draw_fit(image, head, fit)": lambda: mien.draw_fit(image, fit, head),
    "mien.load_head(": lambda: mien.load_head(fit),
    "they are swapped here": lambda: mien.export("head.glb", fit),
    "fit one first: mien.fit_landmarks": lambda: mien.export(faces[0], "head.glb"),
    "export each": lambda: mien.export([fit], "head.glb"),
}
for words, call in calls.items():
    try:
        call()
    except mien.MienError as error:
        assert words in str(error), (words, str(error))
    else:
        raise AssertionError(words)
for array in (head.mean_m, head.personal_shapes[0].identity_m, head.landmark_set("ict68").vertices):
    try:
        array[...] = 0
    except ValueError:
        continue
    raise AssertionError("the head can be changed")
print("done")
"""


def test_wrong_types_show_the_right_call():
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == "done", run.stderr
