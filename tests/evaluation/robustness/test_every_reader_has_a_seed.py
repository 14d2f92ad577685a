"""Whatever opens a file in mien is tried by the benchmark of damaged files, or said here why not."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import mien
from mien.evaluation.robustness.readers import READERS
from mien.evaluation.robustness.seeds import SEEDS

SOURCE = Path(mien.__file__).parent
OPENING = {
    "open", "read_text", "read_bytes", "open_npz", "open_safetensors", "read_json", "read_json_object",
    "read_npy", "read_rows", "read_torch_archive", "array_in_memory", "parse_json",
    "np.load", "np.fromfile", "np.loadtxt", "np.genfromtxt", "json.load", "json.loads", "pickle.load",
    "pickle.loads", "torch.load", "csv.reader", "tomllib.load", "tomllib.loads", "zipfile.ZipFile", "ZipFile",
    "tarfile.open", "h5py.File", "Image.open", "av.open", "cv2.imread", "cv2.imdecode", "cv2.FileStorage",
    "cv2.VideoCapture", "onnxruntime.InferenceSession", "ElementTree.parse",
}  # fmt: skip
"""Calls that take a file or its bytes in; methods count by their last name."""
METHODS = {"open", "read_text", "read_bytes"}
NOT_TRIED = {
    # writing
    "exporters.": "writes", "files.": "writes, or reads what this process has written",
    "head_building.": "built once, from assets whose readers are tried",
    "images.video._start": "writes",
    "tracking.track_file.track_bytes": "copies a track that has been read",
    "commands.app._run_verb": "the null device",
    # what this process has made itself
    "datasets.crops.degradation.degrade": "its own JPEG",
    "evaluation.landmarks.synthetic_faces._shown": "its own JPEG",
    "evaluation.tracking.still_faces.still_portrait": "its own JPEG",
    "evaluation.fields.": "scenes that it has drawn, through readers that are tried",
    # JSON alone, compared with what would be written
    "datasets.lifting.drawing.draw_views": "as the manifest of a shard folder",
    "datasets.lifting.encoding.encode_views": "as the manifest of a shard folder",
    # in processes of their own
    "heads.formats.hdf5_arrays.main": "runs for the seed bfm, in a child process",
    "evaluation.landmarks.peer_face_mesh_points.main": "another program's Python",
    # rooms above the benchmark's: their tests damage these
    "commands.train.shipped.chain.read_record": "tests/commands/train/test_shipped.py",
    "viewer.edit_requests.": "what the page sends; tests/viewer sends damaged ones",
    "viewer.routes.get": "files of the package",
    "fitting.likeness.shipped_likeness": "a file of the package",
    "viewer.serving.serve": "opens a browser",
    "viewer.packed_arrays.unpacked": "reads for the tests what the server packs",
    "avatars.pages.write_page": "a page of the package",
    "avatars.training_session.as_json": "its own settings",
    "commands.train.ablation._own_variants": "tests/commands",
    "training.": "checkpoints and data by readers that are tried; tests/training damage checkpoints",
    "synthetic.scenes.wardrobe._read_picture": "MakeHuman's pictures, by OpenCV for good",
    # helpers of this benchmark and its like
    "evaluation.robustness.": "makes the damaged files",
    "evaluation.interruptions.": "looks for half files itself",
    "evaluation.speed.timing": "what its own child processes say",
    "evaluation.speed.peer": "another program's Python",
    "evaluation.landmarks.face_mesh.": "what its own child process has written",
    "evaluation.fitting.document.put_part": "a page of the documentation",
}  # fmt: skip


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not writes(node):
            if isinstance(node.func, ast.Name) and node.func.id in OPENING:
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                name = ast.unparse(node.func)
                if name in OPENING or node.func.attr in METHODS:
                    yield name


def writes(call: ast.Call) -> bool:
    modes = [each.value for each in call.args[:2] if isinstance(each, ast.Constant)]
    return any(isinstance(mode, str) and mode[:1] in ("w", "a", "x") and len(mode) < 4 for mode in modes)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """Innermost functions: what a function defines inside itself counts for itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def places() -> dict[tuple[str, str], str]:
    """Every function that opens something: (file, name) to "module.function"."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for function in functions(ast.parse(path.read_text(encoding="utf-8"))):
            if any(calls(function)):
                found[str(path), function.name] = f"{module}.{function.name}"
    return found


WATCHER = """
import json, sys
from pathlib import Path
import onnxruntime, scipy.spatial, torch  # loaded before anything is watched: they call much
from mien.evaluation.robustness.readers import READERS
from mien.evaluation.robustness.seeds import write_seeds

seen = set()

def watch(frame, event, argument):
    seen.add((frame.f_code.co_filename, frame.f_code.co_name))  # and no lines inside

seeds = write_seeds(Path(sys.argv[1]))
sys.settrace(watch)
for seed in seeds:
    READERS[seed.reader](seed.folder / seed.target)
sys.settrace(None)
print(json.dumps(sorted(place for place in seen if sys.argv[2] in place[0])))
"""
"""In a process of its own, where nobody checks types as well, which is slow to watch."""


EXTRAS = ("torch", "safetensors", "h5py")


@pytest.mark.skipif(not all(map(find_spec, EXTRAS)), reason="some seeds need extras")
def test_every_function_that_opens_a_file_runs_on_a_seed(tmp_path):
    arguments = [sys.executable, "-c", WATCHER, str(tmp_path / "seeds"), str(SOURCE)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    seen = {tuple(place) for place in json.loads(done.stdout)}
    wanted = places()
    missing = [
        name
        for place, name in wanted.items()
        if place not in seen and not any(name.startswith(known) for known in NOT_TRIED)
    ]
    assert not sorted(missing), "give each a seed and a reader in evaluation/robustness, or say why not here"
    names = set(wanted.values())
    assert all(any(name.startswith(known) for name in names) for known in NOT_TRIED), "no longer needed"


def test_every_reader_has_a_seed():
    assert {reader for reader, *_ in SEEDS.values()} == set(READERS)
