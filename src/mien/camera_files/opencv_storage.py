"""What OpenCV's FileStorage writes, read by ourselves: XML, YAML and JSON of limited depth and size.

OpenCV's own reader follows any nesting until the process's stack ends. Of each format only what OpenCV writes
is read, and what people add by hand to calibrations: comments, quotes, lists over several lines.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError
from mien.reading.damage import damage_named
from mien.reading.json_files import parse_json
from mien.reading.regular_files import decoded_text, read_bytes

MAX_BYTES = 20_000_000
MAX_DEPTH = 20
MAX_ELEMENTS = 1_000_000
"""Of a matrix."""
NOT_OPENCV = "is not a file of OpenCV's FileStorage"

_MATRIX = "opencv-matrix"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORDS = {".inf": math.inf, "-.inf": -math.inf, "+.inf": math.inf, ".nan": math.nan}


def read_storage(path: str | Path) -> dict[str, Any]:
    """The values of a file by name: numbers, texts, lists, dictionaries, and matrices as arrays.

    Raises:
        InputError: the file is missing, too large, damaged, nested too deeply, or of another kind.
    """
    text = decoded_text(read_bytes(path, limit_bytes=MAX_BYTES), source=path).lstrip()
    with damage_named(path, NOT_OPENCV):
        if text.startswith("<"):
            content = _xml(text, path)
        elif text.startswith("{"):
            content = parse_json(text, source=path, what=NOT_OPENCV)
        else:
            content = _Yaml(text, path).document()
        found = _with_matrices(content, path)
        if not isinstance(found, dict) or not found:
            raise InputError(f"{NOT_OPENCV}: it names no values", source=path)
        return found


def _too_deep(path: str | Path) -> InputError:
    return InputError(f"{NOT_OPENCV}: it is nested more than {MAX_DEPTH} times", source=path)


def _with_matrices(value: Any, path: str | Path, depth: int = 0) -> Any:
    """Dictionaries that describe matrices as arrays."""
    if depth > MAX_DEPTH:
        raise _too_deep(path)
    if isinstance(value, list):
        return [_with_matrices(each, path, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if {"rows", "cols", "data"} <= value.keys():
        return _matrix(value, path)
    return {name: _with_matrices(each, path, depth + 1) for name, each in value.items()}


def _matrix(value: dict[str, Any], path: str | Path) -> np.ndarray:
    rows, columns, data = value["rows"], value["cols"], value["data"]
    if not isinstance(data, list):
        data = [data]
    channels = _channels(str(value.get("dt", "d")))
    sizes = (rows, columns, channels)
    if not all(type(n) is int and 0 <= n <= MAX_ELEMENTS for n in sizes) or math.prod(sizes) != len(data):
        raise InputError(
            f"has a matrix of {rows} × {columns} with {len(data)} numbers; they must be as many", source=path
        )
    if not all(type(number) in (int, float) for number in data):
        raise InputError("has a matrix with something that is no number", source=path)
    return np.array(data, float).reshape(rows, columns * channels)


def _channels(dt: str) -> int:
    digits = dt.rstrip("ucwsifdhb")
    return int(digits) if digits.isdigit() and len(digits) < 4 else 1


def _scalar(text: str) -> Any:
    """A number where it is one, else text."""
    if _NUMBER.fullmatch(text) and len(text) < 100:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return _WORDS.get(text.lower(), text)


# XML

_TOKEN = re.compile(r"<!--.*?-->|<\?.*?\?>|<(/?)([A-Za-z_][\w.:-]*)([^<>]*?)(/?)>|([^<]+)|(<)", re.DOTALL)
_TYPE = re.compile(r"type_id\s*=\s*[\"']([\w-]*)[\"']")
_PIECE = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|(\S+)")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


class _Element:
    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        self.children: list[tuple[str, Any]] = []
        self.text: list[str] = []

    def value(self) -> Any:
        if self.children and all(name == "_" for name, _ in self.children):
            return [each for _, each in self.children]
        if self.children:
            return dict(self.children)
        text = "".join(self.text)
        pieces = [
            _unescaped(quoted) if quoted or not plain else _scalar(_unescaped(plain))
            for quoted, plain in _PIECE.findall(text)
        ]
        if self.kind == "str":
            return " ".join(map(str, pieces))
        return pieces[0] if len(pieces) == 1 and self.name != "data" else pieces


def _unescaped(text: str) -> str:
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def _xml(text: str, path: str | Path) -> Any:
    top = _Element("", "")
    open_elements = [top]
    for match in _TOKEN.finditer(text):
        closing, name, attributes, empty, between, stray = match.groups()
        if stray:
            raise InputError(f"{NOT_OPENCV}: it has a < that begins nothing", source=path)
        if between is not None:
            open_elements[-1].text.append(between)
        elif name and closing:
            done = open_elements.pop()
            if done.name != name or not open_elements:
                raise InputError(f"{NOT_OPENCV}: </{name}> closes nothing", source=path)
            open_elements[-1].children.append((name, done.value()))
        elif name:
            kind = _TYPE.search(attributes)
            element = _Element(name, kind.group(1) if kind else "")
            if empty:
                open_elements[-1].children.append((name, element.value()))
            else:
                open_elements.append(element)
            if len(open_elements) > MAX_DEPTH:
                raise _too_deep(path)
    if len(open_elements) != 1 or [name for name, _ in top.children] != ["opencv_storage"]:
        raise InputError(f"{NOT_OPENCV}: it must be one <opencv_storage> … </opencv_storage>", source=path)
    return top.children[0][1]


# YAML


class _Yaml:
    """The block and flow styles that OpenCV writes."""

    def __init__(self, text: str, path: str | Path) -> None:
        self.path = path
        self.lines: list[tuple[int, str]] = []  # indentation, content without comment
        for line in text.splitlines():
            content = _without_comment(line).rstrip()
            if content.strip() and not content.startswith(("%", "---", "...")):
                self.lines.append((len(content) - len(content.lstrip()), content.strip()))
        self.place = 0

    def document(self) -> Any:
        return self._block(0, 0) if self.lines else {}

    def _fault(self) -> InputError:
        shown = self.lines[min(self.place, len(self.lines) - 1)][1][:60]
        return InputError(f"{NOT_OPENCV}: it cannot be read at {shown!r}", source=self.path)

    def _block(self, indent: int, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise _too_deep(self.path)
        if self.lines[self.place][1].startswith(("- ", "-\n")) or self.lines[self.place][1] == "-":
            return self._sequence(indent, depth)
        found: dict[str, Any] = {}
        while self.place < len(self.lines) and self.lines[self.place][0] == indent:
            key, rest = self._key(self.lines[self.place][1])
            self.place += 1
            found[key] = self._value(rest, indent, depth)
        if self.place < len(self.lines) and self.lines[self.place][0] > indent:
            raise self._fault()
        return found

    def _key(self, line: str) -> tuple[str, str]:
        match = re.match(r"(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^:{}\[\],\"']+?)\s*:(?:\s+|$)(.*)", line)
        if match is None:
            raise self._fault()
        return match.group(1).strip("\"'"), match.group(2)

    def _sequence(self, indent: int, depth: int) -> list[Any]:
        found: list[Any] = []
        while self.place < len(self.lines):
            own, line = self.lines[self.place]
            if own != indent or not (line == "-" or line.startswith("- ")):
                break
            rest = line[1:].strip()
            if rest and re.match(r"[^\[{\"'][^:]*:(\s|$)", rest):  # a mapping that begins beside its dash
                inner = own + len(line) - len(rest)
                self.lines[self.place] = (inner, rest)
                found.append(self._block(inner, depth + 1))
            else:
                self.place += 1
                found.append(self._value(rest, indent, depth))
        return found

    def _value(self, rest: str, indent: int, depth: int) -> Any:
        rest = re.sub(r"^!!?[\w-]*\s*", "", rest)
        if rest:
            if rest[0] in "[{":
                return self._flow(rest, depth)
            return rest[1:-1] if _quoted(rest) else _scalar(rest)
        if self.place < len(self.lines):
            deeper, line = self.lines[self.place]
            if deeper > indent or (deeper == indent and (line == "-" or line.startswith("- "))):
                return self._block(deeper, depth + 1)
        return None

    def _flow(self, text: str, depth: int) -> Any:
        """A list or mapping in brackets, which may go on over several lines."""
        pieces, level = [text], _balance(text)
        while level > 0 and self.place < len(self.lines):
            line = self.lines[self.place][1]
            pieces.append(line)
            level += _balance(line)
            self.place += 1
        if level != 0:
            raise self._fault()
        tokens = re.findall(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[\[\]{},]|:(?=\s|$)|[^\[\]{},\"'\s][^\[\]{},\s]*",
                            " ".join(pieces))  # fmt: skip
        value, end = self._flow_value(tokens, 0, depth + 1)
        if end != len(tokens):
            raise self._fault()
        return value

    def _flow_value(self, tokens: list[str], place: int, depth: int) -> tuple[Any, int]:
        if depth > MAX_DEPTH:
            raise _too_deep(self.path)
        token = tokens[place]
        if token == "[":
            items: list[Any] = []
            place += 1
            while tokens[place] != "]":
                item, place = self._flow_value(tokens, place, depth + 1)
                items.append(item)
                place += tokens[place] == ","
            return items, place + 1
        if token == "{":
            found: dict[str, Any] = {}
            place += 1
            while tokens[place] != "}":
                key = tokens[place]
                if key in ("[", "]", "{", ","):
                    raise self._fault()
                place += 1
                if key.endswith(":"):
                    key = key[:-1]
                elif tokens[place] == ":":
                    place += 1
                else:
                    raise self._fault()
                found[key.strip("\"'")], place = self._flow_value(tokens, place, depth + 1)
                place += tokens[place] == ","
            return found, place + 1
        if token in ("]", "}", ","):
            raise self._fault()
        return (token[1:-1] if _quoted(token) else _scalar(token)), place + 1


def _quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def _balance(text: str) -> int:
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", "", text)
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    match = re.match(r"((?:[^#\"']|\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?<=\S)#)*)", line)
    return match.group(1) if match else line
