"""Load .glb files with other people's importers, say what each found, and keep the pictures that they draw.

    python -m tools.check_glb head.glb clip.glb --out out/importers

Importers: Khronos' validator and three.js (npm install --prefix tools gltf-validator three; three.js needs a
Chromium too), Assimp, trimesh and Blender (pip install '.[importers]', which wants Python 3.11 for Blender).
Another interpreter and another folder can be named here, or in MIEN_IMPORTERS_PYTHON and MIEN_NODE_MODULES
for the tests. Importers that are not installed are skipped with the reason. The exit code is 1 when one of
them failed or found something else than the file says. Look at the pictures.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.glb_importers.expected import Expected
from tools.glb_importers.importers import IMPORTERS, Tools


def main(arguments: list[str]) -> int:
    """Run the tool and return its exit code."""
    tools = Tools.default()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/importers"), help="folder for pictures")
    parser.add_argument("--python", default=tools.python, help="interpreter with bpy, assimp-py, trimesh")
    parser.add_argument("--node-modules", type=Path, default=tools.node_modules)
    parser.add_argument("--only", nargs="*", default=[], help="names of importers, e.g. three blender")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    tools = Tools(options.python, options.node_modules)
    failed = False
    for file in options.files:
        expected = Expected.of(file)
        print(
            f"{file}: {file.stat().st_size / 1e6:.2f} MB, {expected.triangles} triangles in "
            f"{expected.primitives} primitives ({', '.join(expected.materials)}), {len(expected.targets)} "
            f"targets, {expected.textures} pictures, {expected.animations} animations"
        )
        for importer in IMPORTERS:
            if options.only and importer.__name__ not in options.only:
                continue
            report = importer(file, expected, tools, options.out)
            if report.skipped:
                print(f"  {report.importer}: skipped, {report.skipped}")
                continue
            failed |= bool(report.problems)
            drawn = f", drew {report.picture}" if report.picture else ""
            print(f"  {report.importer}: {'; '.join(report.problems) or 'as the file says'}{drawn}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
