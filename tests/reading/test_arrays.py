"""Arrays come out as NumPy wrote them, and claims are held against the file before memory is taken."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.reading.npy import array_in_memory, read_npy
from mien.reading.npz import open_npz
from mien.reading.safetensors_files import open_safetensors


def npy(values: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, values, **options)
    return file.getvalue()


def with_header(header: str, data: bytes = b"") -> bytes:
    raw = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw + data


@pytest.mark.parametrize(
    "values",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12).reshape(3, 4)),
        np.array(3),
        np.array(["ab", "c"]),
        np.zeros((0, 3)),
        np.array([True, False]),
        np.arange(4, dtype=">i2"),
        np.arange(3, dtype=np.float16),
        np.array("one text"),
    ],
    ids=str,
)
def test_round_trip(values: np.ndarray):
    found = array_in_memory(npy(values), source="x")
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype.newbyteorder("=")
    assert found.flags.writeable


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        npy(np.array([{}], object), allow_pickle=True),
        npy(np.arange(100.0))[:-1],
        npy(np.zeros(2, [("a", "f4")])),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1000000000000), }"),
        with_header("{'descr': '<U999999999', 'fortran_order': False, 'shape': (), }"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "(" * 300 + "), }"),
        with_header("__import__('os').system('true')"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
    ],
)
def test_what_is_no_array_of_plain_numbers(content: bytes):
    tracemalloc.start()
    with pytest.raises(InputError):
        array_in_memory(content, source="x")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def read_all(path: Path) -> dict[str, np.ndarray]:
    with open_npz(path, what="is no archive") as archive:
        return {name: archive[name].read() for name in archive}


def test_archives(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(5), b=np.array("text"))
    found = read_all(path)
    np.testing.assert_array_equal(found["a"], np.arange(5))
    assert str(found["b"]) == "text"


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        member.write(with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (30000000,), }"))
        for _ in range(30):
            member.write(bytes(1_000_000))


def _changed(old: bytes, new: bytes, path: Path) -> None:
    np.savez(path, a=np.arange(50))
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def _changed_after(mark: bytes, offset: int, new: bytes, path: Path) -> None:
    np.savez(path, a=np.arange(50))
    content = bytearray(path.read_bytes())
    place = content.index(mark) + offset
    content[place : place + len(new)] = new
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_bomb, "unpack to 30 MB"),
        (
            lambda path: _changed_after(b"PK\x01\x02", 6, b"\x63", path),
            "no archive",
        ),  # needs a newer unpacker
        (lambda path: _changed_after(b"PK\x01\x02", 8, b"\x01", path), "encrypted"),
        (lambda path: _changed_after(b"PK\x01\x02", 10, b"\x0e", path), "packed in a way"),
        (
            lambda path: _changed(b"\x31\x00\x00\x00", b"\x33\x00\x00\x00", path),
            "damaged",
        ),  # the checksum tells
        (lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)), "missing"),
        (lambda path: path.write_text("text"), "no archive"),
    ],
)
def test_damaged_archives(tmp_path: Path, write, words: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.reading.npz.FREE_BYTES", 10_000_000)
    path = tmp_path / "a.npz"
    write(path)
    with pytest.raises(InputError, match=words):
        _ = read_all(path)["a"] if "missing" not in words else _missing(path)


def _missing(path: Path) -> None:
    read = read_all(path)
    raise InputError(f"a is missing among {list(read)}")


def _tensors(header: str, data: bytes) -> bytes:
    raw = header.encode()
    return struct.pack("<Q", len(raw)) + raw + data


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ('{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}', bytes(12)),
        ('{"a": {"dtype": "F32", "shape": [1000000000000], "data_offsets": [0, 16]}}', bytes(16)),
        ('{"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}', bytes(16)),
        ('{"a": {"dtype": "F99", "shape": [4], "data_offsets": [0, 16]}}', bytes(16)),
        ('{"a": {"dtype": "F32", "shape": [4], "data_offsets": [4, 20]}}', bytes(20)),
        ('{"a": 3}', b""),
        ("[]", b""),
        ('{"a": ' + "[" * 10_000, b""),
    ],
)
def test_damaged_safetensors(tmp_path: Path, header: str, data: bytes):
    path = tmp_path / "w.safetensors"
    path.write_bytes(_tensors(header, data))
    with pytest.raises(InputError), open_safetensors(path, what="no weights", missing="?") as file:
        file.members["a"].read()


def test_safetensors_as_its_library_writes_them(tmp_path: Path):
    numpy_files = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(3), "c": np.zeros((0, 2))}
    numpy_files.save_file(arrays, tmp_path / "w.safetensors", metadata={"kind": "x"})
    with open_safetensors(tmp_path / "w.safetensors", what="no weights", missing="?") as file:
        assert file.metadata == {"kind": "x"}
        for name, values in arrays.items():
            np.testing.assert_array_equal(file.members[name].read(), values)


def test_npy_on_disk(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.arange(3))
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), np.arange(3))
    with pytest.raises(InputError, match="no such file"):
        read_npy(tmp_path / "b.npy")
