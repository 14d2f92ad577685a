"""Ways to damage a file: blindly, by its bytes, and knowingly, by its structure."""

from __future__ import annotations

import io
import json
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Rng = np.random.Generator


def _pick(rng: Rng, items: Any) -> Any:
    return items[int(rng.integers(len(items)))]


# bytes


def _flip(content: bytes, rng: Rng) -> bytes:
    changed = bytearray(content)
    for place in rng.integers(0, len(changed), int(rng.integers(1, 12))):
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(content: bytes, rng: Rng) -> bytes:
    return content[: int(rng.integers(0, len(content)))]


def _splice(content: bytes, rng: Rng) -> bytes:
    start, end = sorted(rng.integers(0, len(content), 2).tolist())
    place = int(rng.integers(0, len(content)))
    return content[:place] + content[start : min(end, start + 5000)] + content[place:]


def _drop(content: bytes, rng: Rng) -> bytes:
    place = int(rng.integers(0, len(content)))
    return content[:place] + content[place + int(rng.integers(1, 200)) :]


def _overwrite(content: bytes, rng: Rng) -> bytes:
    patterns = (
        b"\0" * 8,
        b"\xff" * 8,
        struct.pack("<f", np.nan) * 4,
        struct.pack("<d", np.inf),
        b"\x7f\xff\xff\xff",
        struct.pack("<q", 10**12),
        struct.pack(">I", 60000) * 2,
    )
    pattern = _pick(rng, patterns)
    place = int(rng.integers(0, max(1, len(content) - len(pattern))))
    return content[:place] + pattern + content[place + len(pattern) :]


def _head(content: bytes, rng: Rng) -> bytes:
    """As `_overwrite`, among the first bytes, where formats keep their sizes."""
    return _overwrite(content[:200], rng) + content[200:]


_BLIND = (_flip, _flip, _cut, _splice, _drop, _overwrite, _head)


# JSON

_DEEP = "\0deep\0"
_HUGE = "\0huge\0"
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1e30,
    -1e30,
    1e308,
    float("nan"),
    float("inf"),
    "x",
    "\u001b[31mred",
    "\ud800",
    "NaN",
    "../../etc/passwd",
    "/etc/passwd",
    "a\0b",
    "",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    10**30,
    2**31,
    2**63,
    _DEEP,
    _HUGE,
    "9" * 5000,
    [0] * 1000,
)


def _json(content: bytes, rng: Rng) -> bytes:
    document = json.loads(content.decode("utf-8-sig"))
    for _ in range(int(rng.integers(1, 3))):
        document = _changed_json(document, rng)
    text = json.dumps(document)
    text = text.replace(json.dumps(_DEEP), "[" * 50_000 + "]" * 50_000)
    return text.replace(json.dumps(_HUGE), "1" * 6000).encode("utf-8", "surrogatepass")


def _changed_json(value: Any, rng: Rng) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.93:
        name, roll = _pick(rng, list(value)), rng.random()
        if roll < 0.15:
            return {key: each for key, each in value.items() if key != name}
        if roll < 0.2:
            other = _pick(rng, list(value))
            return {**value, name: value[other]}
        return {**value, name: _changed_json(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        index, roll = int(rng.integers(len(value))), rng.random()
        if roll < 0.1:
            return value[:index]
        if roll < 0.2:
            return [*value, value[index]]
        if roll < 0.25:
            return value[:index] + value[index + 1 :]
        return [*value[:index], _changed_json(value[index], rng), *value[index + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.random() < 0.3:
        return _pick(rng, (-value, value * 1e20, value + 0.5, value * 1000, str(value)))
    return _pick(rng, _VALUES)


# archives of arrays


def _npz(content: bytes, rng: Rng) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name, roll = _pick(rng, list(members)), rng.random()
    if roll < 0.08:
        del members[name]
    elif roll < 0.12:
        members[name] = members[_pick(rng, list(members))]
    elif name == "document.npy" and roll < 0.7:
        text = str(np.load(io.BytesIO(members[name])))
        members[name] = _npy_bytes(np.array(_json(text.encode(), rng).decode("utf-8", "replace")))
    else:
        members[name] = _npy(members[name], rng)
    return _zipped(members, rng)


def _zipped(members: dict[str, bytes], rng: Rng) -> bytes:
    file = io.BytesIO()
    how = _pick(rng, (zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", how) as archive:
        warnings.simplefilter("ignore")  # names that come twice
        for name, content in members.items():
            archive.writestr(name, content)
    raw = file.getvalue()
    return raw if rng.random() > 0.1 else _flip(raw, rng)


def _npy_bytes(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _npy(content: bytes, rng: Rng) -> bytes:
    """One array with other numbers, another shape, another type, or a header that lies."""
    roll = rng.random()
    if roll < 0.25:
        return _npy_header(content, rng)
    values = np.load(io.BytesIO(content))
    if values.dtype.kind == "U" or not values.size:
        return _npy_bytes(
            _pick(rng, (np.array(3), np.zeros((3, 0)), np.array("x"), np.array(["x"]), values[..., None]))
        )
    if roll < 0.6:
        values = values.copy()
        bad = _pick(rng, (np.nan, np.inf, -np.inf, 1e30, -1.0, -67.0, 2**31 - 1, 1e5))
        places = rng.integers(0, values.size, int(rng.integers(1, 4)))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if values.dtype.kind in "iub":
                info = np.iinfo(values.dtype if values.dtype.kind != "b" else np.uint8)
                bad = float(np.clip(np.nan_to_num(bad), info.min, info.max - (info.bits > 50) * 1024))
            values.reshape(-1)[places] = np.array(bad).astype(values.dtype)
        return _npy_bytes(values)
    changes: tuple[Callable[[], np.ndarray], ...] = (
        lambda: values[..., :-1] if values.ndim else np.zeros((3, 0)),
        lambda: values[:-1] if values.ndim else np.array("text"),
        lambda: values[None],
        lambda: values.reshape(-1),
        lambda: values.T,
        lambda: values[:0] if values.ndim else values,
        lambda: np.zeros((3, 0)),
        lambda: np.array(3.0),
        lambda: values.astype("S4"),
        lambda: values.astype(complex),
        lambda: values.astype(np.float16),
        lambda: values.astype(bool),
        lambda: np.concatenate([values, values]),
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _npy_bytes(_pick(rng, changes)())
    except ValueError:
        return _flip(content, rng)


def _npy_header(content: bytes, rng: Rng) -> bytes:
    (length,) = struct.unpack("<H", content[8:10])
    header = content[10 : 10 + length].decode("latin1")
    start, end = header.index("'shape': ("), header.index(")", header.index("'shape'"))
    shape = _pick(
        rng,
        (
            "1000000000000,",
            "40000, 40000",
            "-1,",
            "3, 0",
            "0, 1000000000000",
            "None",
            "(" * 200,
            "2**40,",
            "1e9,",
            "'a',",
            "9" * 300 + ",",
        ),
    )
    types = ("|O", "<f9", "<U999999999", "|V8", "<M8[s]", "<c16", "('<f4', (1000000,))", ">f4", "<f2")
    if rng.random() < 0.7:
        header = header[:start] + "'shape': (" + shape + header[end:]
    else:
        first = header.index("'descr': '") + 10
        header = header[:first] + _pick(rng, types) + header[header.index("'", first) :]
    raw = header.encode("latin1")
    return content[:8] + struct.pack("<H", len(raw)) + raw + content[10 + length :]


# pictures, tar, safetensors, text, pickles


def _png(content: bytes, rng: Rng) -> bytes:
    """Another size in the header, with the right checksum."""
    if content[12:16] != b"IHDR":
        return _head(content, rng)
    sizes = (0, 1, 5000, 13_000, 30_000, 65_536, 1_000_000, 170_000_000, 2**31 - 1)
    header = struct.pack(">II", _pick(rng, sizes), _pick(rng, sizes)) + content[24:29]
    if rng.random() < 0.3:
        header = content[16:24] + bytes(rng.integers(0, 20, 5, np.uint8))
    return content[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + content[33:]


def _png_bomb(content: bytes, rng: Rng) -> bytes:
    """A picture of one colour that takes much more memory than its file."""
    side, depth = int(_pick(rng, (4000, 8000, 12_000))), int(_pick(rng, (1, 8)))
    kind = int(_pick(rng, (0, 3))) if depth == 1 else 0
    pack = zlib.compressobj(9)
    row = bytes(1 + -(-side * depth // 8))
    data = b"".join(pack.compress(row * 200) for _ in range(side // 200)) + pack.flush()

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, kind, 0, 0, 0))]
    parts += [chunk(b"PLTE", bytes(6))] if kind == 3 else []
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IDAT", data), chunk(b"IEND", b"")])


def _tar(content: bytes, rng: Rng) -> bytes:
    """Another size, type or name in a member's header, with the right checksum."""
    places = [p for p in range(0, len(content) - 512, 512) if content[p + 257 : p + 262] == b"ustar"]
    place = _pick(rng, places)
    header = bytearray(content[place : place + 512])
    roll = rng.random()
    if roll < 0.6:
        size = _pick(
            rng, (b"77777777777\0", b"00000000000\0", b"00010000000\0", b"\x80" + b"\0" * 6 + b"\x10" * 5)
        )
        header[124:136] = size
    elif roll < 0.8:
        header[156:157] = _pick(rng, (b"1", b"2", b"3", b"6", b"S", b"x", b"L", b"5"))
    else:
        header[0:20] = _pick(
            rng, (b"../../etc/passwd.jpg", b"\x1b[31mred.jpg\0\0\0\0\0\0\0\0", b"\xff" * 20, b"\0" * 20)
        )
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return content[:place] + bytes(header) + content[place + 512 :]


def _safetensors(content: bytes, rng: Rng) -> bytes:
    (length,) = struct.unpack("<Q", content[:8])
    roll = rng.random()
    if roll < 0.15:
        claim = _pick(rng, (2**63, 10**12, 0, length - 1, length + 1))
        return struct.pack("<Q", claim) + content[8:]
    if roll < 0.4:
        place = 8 + length + 4 * int(rng.integers(0, max(1, (len(content) - length - 12) // 4)))
        return (
            content[:place]
            + _pick(rng, (b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\0\x7e\0\x7e"))
            + content[place + 4 :]
        )
    header = _json(content[8 : 8 + length], rng)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


_WORDS = (
    "nan",
    "inf",
    "-1",
    "0",
    "1e30",
    "1e400",
    "99999999999999999999",
    "x",
    "",
    "-67",
    "1e-400",
    "\x1b[31m",
    "[" * 3000,
    "{" * 3000,
    "<a>" * 3000,
    "- " * 3000,
    "!!opencv-matrix",
    "..\\..\\a",
    "/etc/passwd",
)


def _text(content: bytes, rng: Rng) -> bytes:
    lines = content.decode("utf-8", "replace").splitlines()
    index, roll = int(rng.integers(len(lines))), rng.random()
    if roll < 0.15:
        del lines[index]
    elif roll < 0.25:
        lines.insert(index, _pick(rng, lines))
    elif roll < 0.3:
        lines.insert(index, "")
    else:
        words = lines[index].split(" ")
        words[int(rng.integers(len(words)))] = _pick(rng, _WORDS)
        lines[index] = " ".join(words)
    return "\n".join(lines).encode()


def _pickle(content: bytes, rng: Rng) -> bytes:
    """Instructions that ask for code, for memory or for depth, at a random place or in place of all."""
    programs = (
        b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00trueR.",
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\xe4\x0b\x54\x02\x85R.",
        b"\x80\x02}X\x0a\x00\x00\x00v_template" + b"(" * 100_000 + b"t" * 100_000 + b"s.",
        b"\x80\x02" + b")\x85" * 50_000 + b"K\x01\x86}(" + b"h\x00",
        b"\x80\x04}\x8c\x01ar\xff\xff\xff\x7f.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\x00\x00\x00",
        b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f}.",
    )
    if rng.random() < 0.3:
        return _pick(rng, programs)
    place = int(rng.integers(2, len(content)))
    return (
        content[:place]
        + _pick(
            rng,
            (
                b"0",
                b"N",
                b"]",
                b"}",
                b"b",
                b"R",
                b"t",
                b"2",
                b")",
                b"X\xff\xff\xff\x7f",
                b"K\x01",
                b"cnumpy\ndtype\n",
            ),
        )
        + content[place:]
    )


_BY_SUFFIX: dict[str, tuple[Callable[[bytes, Rng], bytes], ...]] = {
    ".json": (_json, _json, _json, _text),
    ".npz": (_npz, _npz, _npz),
    ".npy": (_npy, _npy),
    ".png": (_png, _png, _png_bomb),
    ".tar": (_tar, _tar),
    ".safetensors": (_safetensors, _safetensors),
    ".pkl": (_pickle, _pickle),
    **dict.fromkeys((".txt", ".obj", ".ply", ".xml", ".yml", ".toml"), (_text, _text, _text)),
}


def mutate(path: Path, rng: Rng) -> str:
    """Damage a file in place; returns what was done."""
    if rng.random() < 0.02:
        return _odd_file(path, rng)
    content = path.read_bytes()
    knowing = _BY_SUFFIX.get(path.suffix, ())
    step = _pick(rng, knowing) if knowing and rng.random() < 0.7 else _pick(rng, _BLIND)
    try:
        changed = step(content, rng)
    except (ValueError, KeyError, IndexError, UnicodeError, zipfile.BadZipFile, struct.error, RecursionError):
        step, changed = _flip, _flip(content, rng)
    path.write_bytes(changed)
    return step.__name__.strip("_")


def _odd_file(path: Path, rng: Rng) -> str:
    """Something that is no ordinary file under the file's name."""
    kind = _pick(rng, ("fifo", "device", "folder", "loop", "empty", "missing"))
    path.unlink()
    if kind == "fifo" and hasattr(os, "mkfifo"):
        os.mkfifo(path)
    elif kind == "device" and Path("/dev/zero").exists():
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "empty":
        path.write_bytes(b"")
    return kind
