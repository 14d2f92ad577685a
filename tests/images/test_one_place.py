"""Files of pictures are opened and written in mien.images, and nowhere else: held over the syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "mien"

CODECS = {
    "cv2.imread", "cv2.imwrite", "cv2.imdecode", "cv2.imencode", "Image.open", "Image.fromarray",
}  # fmt: skip
ELSEWHERE = {
    "synthetic/scenes/wardrobe.py": "textures of assets: a seed's picture may not change with the decoder",
    "synthetic/scenes/shards.py": "shards hold encoded pictures, by the hundred thousand",
    "datasets/crops/degradation.py": "encodes in memory, to degrade a picture as a camera would",
    "evaluation/landmarks/synthetic_faces.py": "the same",
    "evaluation/landmarks/peer_face_mesh_points.py": "run by another interpreter, which need not have mien",
    "evaluation/tracking/still_faces.py": "the same",
    "datasets/lifting/encoding.py": "shards hold encoded crops",
    "datasets/lifting/posed_views.py": "shards hold encoded views",
    "fields/baked_mesh.py": "a texture inside a mesh's file",
    "morphable_fields/textured_mesh.py": "the same",
    "looks/albedo_model.py": "pictures inside the model's own file",
    "looks/hair_styles.py": "the same",
}
"""Where pictures are encoded or decoded all the same, and why."""
OPENING = ("synthetic/scenes/wardrobe.py", "evaluation/landmarks/peer_face_mesh_points.py")
"""Those among them that open files."""


def used(path: Path) -> set[str]:
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    return calls & CODECS


def elsewhere() -> dict[str, set[str]]:
    paths = [path for path in SOURCE.rglob("*.py") if not path.is_relative_to(SOURCE / "images")]
    return {path.relative_to(SOURCE).as_posix(): used(path) for path in paths if used(path)}


def test_pictures_are_read_and_written_in_one_place():
    assert set(elsewhere()) == set(ELSEWHERE), "use mien.images.photo, .stored and .writing"


@pytest.mark.parametrize("name", [name for name in ELSEWHERE if name not in OPENING])
def test_the_others_touch_no_files(name: str):
    assert not elsewhere()[name] & {"cv2.imread", "cv2.imwrite", "Image.open"}
