"""Pickles that forge types, ask for memory or depth, or are broken end in an error, soon and small."""

from __future__ import annotations

import pickle
import pickletools
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from mien.errors import InputError
from mien.heads.formats.plain_pickle import read_plain_pickle


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def dictionary(value: bytes) -> bytes:
    """A pickle of {"v": value}."""
    return b"\x80\x02}" + text("v") + value + b"s."


DTYPE = b"cnumpy\ndtype\n" + text("f8") + b"K\x00K\x01\x87R"
STATE = b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
FORGED = b"cnumpy\ndtype\n" + text("O8") + b"K\x00K\x01\x87R(K\x03" + text("|") + b"NNNK\x08K\x08K\x00tb"


def array(dtype: bytes, shape: bytes, data: bytes) -> bytes:
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        + text("b")
        + b"\x87R(K\x01"
        + shape
        + dtype
        + b"\x89"
        + data
        + b"tb"
    )


def from_buffer(dtype: bytes, shape: bytes, data: bytes) -> bytes:
    return b"cnumpy.core.numeric\n_frombuffer\n(" + data + dtype + shape + text("C") + b"tR"


BYTES = b"B" + struct.pack("<I", 16) + bytes(range(16))
DEEP = b")" + b"\x85" * 2000
LAUGHS = b"]" + b"".join(
    b"q" + bytes([k]) + b"](h" + bytes([k]) + (b"h" + bytes([k])) * 9 + b"e" for k in range(30)
)
ATTACKS = {
    "objects made of bytes": dictionary(array(FORGED, b"K\x02\x85", BYTES)),
    "objects out of a buffer": dictionary(from_buffer(FORGED, b"K\x02\x85", BYTES)),
    "a state for a real type": dictionary(
        from_buffer(DTYPE + STATE + b"b" + STATE + b"b", b"K\x02\x85", BYTES)
    ),
    "a claimed shape": dictionary(array(DTYPE + STATE + b"b", b"\x8a\x05\x00\x00\x00\x00\x01\x85", BYTES)),
    "a negative shape": dictionary(array(DTYPE + STATE + b"b", b"J\xff\xff\xff\xff\x85", BYTES)),
    "zeros by number": dictionary(b"cbuiltins\nbytearray\n\x8a\x05\x00\xe4\x0b\x54\x02\x85R"),
    "nesting": dictionary(DEEP),
    "a nested key": b"\x80\x02}" + DEEP + b"K\x01s.",
    "laughs": dictionary(LAUGHS),
    "a place in the memo": b"\x80\x02]r\xff\xff\xff\xff.",
    "a text of 4 GB": b"\x80\x02X\xff\xff\xff\xff.",
    "bytes of an exabyte": b"\x80\x05\x8e" + b"\xff" * 7 + b"\x00.",
    "a byte array of an exabyte": b"\x80\x05\x96" + b"\xff" * 7 + b"\x00.",
    "a long number": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "extensions": b"\x80\x02\x82\x01.",
    "a name": dictionary(b"cos\nsystem\n" + text("true") + b"\x85R"),
    "a name with escapes": dictionary(b"c\x1b[31m\nx\n)R"),
    "an attribute": dictionary(b"cnumpy\nload\n" + text("/etc/passwd") + b"\x85R"),
    "a called result": dictionary(array(DTYPE + STATE + b"b", b"K\x02\x85", BYTES) + b")R"),
    "a state for a list": dictionary(b"]}b"),
    "an open mark": b"\x80\x02(.",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused_soon_and_small(tmp_path: Path, name: str):
    path = tmp_path / "x.pkl"
    path.write_bytes(ATTACKS[name])
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        read_plain_pickle(path)
    assert tracemalloc.get_traced_memory()[1] < 80e6
    tracemalloc.stop()
    assert "\x1b" not in str(caught.value)


def test_many_arrays_of_the_same_bytes_do_not_multiply(tmp_path: Path):
    size = 4_000_000
    big = b"B" + struct.pack("<I", size) + bytes(size) + b"q\x00"
    shape = b"M" + struct.pack("<H", 500) + b"M" + struct.pack("<H", 1000) + b"\x86"
    arrays = b"".join(array(DTYPE + STATE + b"b", shape, b"h\x00") + b"a" for _ in range(600))
    (tmp_path / "x.pkl").write_bytes(dictionary(big + b"0]" + arrays))
    with pytest.raises(InputError, match="far more than it holds"):
        read_plain_pickle(tmp_path / "x.pkl")


@pytest.mark.parametrize("protocol", range(6))
def test_honest_pickles_of_every_protocol(tmp_path: Path, protocol: int):
    sparse = csc_matrix(np.eye(3)[:2])
    content = {
        "a": np.arange(6.0).reshape(2, 3),
        "b": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
        "c": np.array([True, False]),
        "scalar": np.float32(2.5),
        "text": "größe",
        "bytes": b"\x00\xff",
        "list": [1, 2.5, None, (True, -(10**20))],
        "empty": {},
        "sparse": sparse,
        "csr": csr_matrix(sparse),
        "large": np.arange(40_000, dtype=np.float32),
    }
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
    found = read_plain_pickle(tmp_path / "x.pkl")
    for name in ("a", "b", "c", "large"):
        np.testing.assert_array_equal(found[name], content[name])
        assert found[name].dtype == content[name].dtype.newbyteorder("=")
    np.testing.assert_array_equal(found["sparse"], sparse.toarray())
    np.testing.assert_array_equal(found["csr"], sparse.toarray())
    assert (found["scalar"], found["text"], found["list"]) == (2.5, "größe", content["list"])


def test_every_prefix_is_refused(tmp_path: Path):
    whole = pickletools.optimize(pickle.dumps({"a": np.arange(3.0)}, protocol=2))
    path = tmp_path / "x.pkl"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_plain_pickle(path)


def test_a_sparse_matrix_may_not_claim_more_than_a_head_has(tmp_path: Path):
    matrix = csc_matrix((100_000, 60_000))
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"J": matrix}))
    with pytest.raises(InputError, match="100000 × 60000"):
        read_plain_pickle(tmp_path / "x.pkl")
