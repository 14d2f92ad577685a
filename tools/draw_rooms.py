"""Draw the rooms of the house from the imports of its code: docs/images/rooms.svg.

python tools/draw_rooms.py

A room is a package (or module) directly below src/mien. It stands on the floor above the highest room that it
imports; an arrow is drawn to each room that it imports, unless others lead there already.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "mien"
PICTURE = ROOT / "docs" / "images" / "rooms.svg"

WIDTH, FLOOR, MARGIN, GAP = 1460, 88, 16, 30
BOX_WIDTH, BOX_HEIGHT = 256, 56
_LETTERS = 44  # of a sentence on a line


@dataclass(frozen=True)
class Room:
    """A package or module directly below mien.

    Attributes:
        name: for example "heads".
        imports: names of the rooms that it imports.
        sentence: the first of its docstring.
    """

    name: str
    imports: frozenset[str]
    sentence: str


def read_rooms(source: Path = SOURCE) -> dict[str, Room]:
    """All rooms but the public face, `mien/__init__.py`, which names things of most of them."""
    files: dict[str, list[Path]] = {}
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).parts[0].removesuffix(".py")
        if name != "__init__":
            files.setdefault(name, []).append(path)
    rooms = {}
    for name, paths in files.items():
        own = source / name / "__init__.py" if (source / name).is_dir() else paths[0]
        docstring = ast.get_docstring(ast.parse(own.read_text(encoding="utf-8"))) or ""
        rooms[name] = Room(
            name=name,
            imports=frozenset(_imported(paths) & set(files) - {name}),
            sentence=" ".join(docstring.split("\n\n")[0].split()),
        )
    return rooms


def _imported(paths: Iterable[Path]) -> set[str]:
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = (
                    [node.module] if node.module != "mien" else [f"mien.{each.name}" for each in node.names]
                )
            elif isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            else:
                continue
            found |= {name.split(".")[1] for name in names if name.startswith("mien.")}
    return found


def floors(rooms: dict[str, Room]) -> dict[str, int]:
    """The floor of each room: 0 imports nothing, every other lies one above the highest that it imports.

    Raises:
        ValueError: rooms import each other in a circle.
    """
    found: dict[str, int] = {}
    pending = dict(rooms)
    while pending:
        ready = [name for name, room in pending.items() if room.imports <= set(found)]
        if not ready:
            raise ValueError(f"these rooms import each other in a circle: {', '.join(sorted(pending))}")
        for name in ready:
            found[name] = 1 + max((found[other] for other in pending.pop(name).imports), default=-1)
    return found


def direct_imports(rooms: dict[str, Room]) -> set[tuple[str, str]]:
    """Imports that no other path of imports implies."""
    below: dict[str, set[str]] = {}
    for name in sorted(rooms, key=floors(rooms).__getitem__):
        below[name] = set(rooms[name].imports).union(*(below[other] for other in rooms[name].imports))
    return {
        (name, other)
        for name, room in rooms.items()
        for other in room.imports
        if not any(other in below[between] for between in room.imports - {other})
    }


def drawing(rooms: dict[str, Room]) -> str:
    """The picture as SVG."""
    floor_of = floors(rooms)
    top = max(floor_of.values())
    height = (top + 1) * FLOOR + 2 * MARGIN + 24
    boxes: dict[str, tuple[float, float]] = {}
    arrows = direct_imports(rooms)
    for floor in range(top, -1, -1):
        here = [name for name in sorted(rooms) if floor_of[name] == floor]
        # Each room below the middle of those that lead to it: fewer arrows cross.
        above = {name: [boxes[one][0] for one, other in arrows if other == name] for name in here}
        here.sort(key=lambda name: sum(above[name]) / max(1, len(above[name])))
        x = (WIDTH - BOX_WIDTH * len(here) - GAP * (len(here) - 1)) / 2
        for name in here:
            boxes[name] = (x, MARGIN + 24 + (top - floor) * FLOOR)
            x += BOX_WIDTH + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fbfaf7"/>',
        f'<text x="{MARGIN}" y="{MARGIN + 6}" font-size="13" fill="#555">'
        "An arrow leads to what a room imports.</text>",
        *(_arrow(boxes[name], boxes[other]) for name, other in sorted(arrows)),
        *(_box(rooms[name], boxes[name]) for name in sorted(boxes)),
    ]
    return "\n".join([*parts, "</svg>", ""])


def _box(room: Room, corner: tuple[float, float]) -> str:
    x, y = corner
    middle = f'x="{x + BOX_WIDTH / 2:.0f}" text-anchor="middle"'
    lines = textwrap.wrap(room.sentence, _LETTERS, max_lines=2, placeholder=" …")
    return "".join(
        [
            f'<g><title>{escape(room.sentence)}</title><rect x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" ',
            f'height="{BOX_HEIGHT}" rx="6" fill="#fff" stroke="#38506b" stroke-width="1.5"/>',
            f'<text {middle} y="{y + 18:.0f}" font-size="14" fill="#1d2b3a">{room.name}</text>',
            *(
                f'<text {middle} y="{y + 33 + 13 * row:.0f}" font-size="11" fill="#777">{escape(line)}</text>'
                for row, line in enumerate(lines)
            ),
            "</g>",
        ]
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + BOX_WIDTH / 2, start[1] + BOX_HEIGHT
    x2, y2 = end[0] + BOX_WIDTH / 2, end[1]
    bend = (y2 - y1) / 2
    path = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + bend:.0f} {x2:.0f},{y2 - bend:.0f} {x2:.0f},{y2:.0f}"
    tip = f"M{x2 - 4:.0f},{y2 - 7:.0f} L{x2:.0f},{y2:.0f} L{x2 + 4:.0f},{y2 - 7:.0f}"
    return f'<path d="{path} {tip}" fill="none" stroke="#9db2c8" stroke-width="1.3"/>'


if __name__ == "__main__":
    PICTURE.write_text(drawing(read_rooms()), encoding="utf-8")
    print(f"written to {PICTURE}")
