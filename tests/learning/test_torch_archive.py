"""Checkpoints are read as torch reads them, and nothing in them is believed."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.learning.torch_archive import read_torch_archive

READ = {"what": "no checkpoint"}


def test_what_torch_saves_comes_back(tmp_path: Path):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    content = {
        "plain": [1, 2.5, "größe", None, (True, b"x")],
        "matrix": base,
        "view": base[1:3, ::2],
        "transposed": base.T,
        "half": base.half(),
        "bfloat": base.bfloat16(),
        "long": torch.arange(3),
        "flags": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "single": torch.tensor(2.5),
        "ordered": OrderedDict(a=torch.ones(2)),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "rng": torch.get_rng_state(),
    }
    torch.save(content, tmp_path / "x.pt")
    found = read_torch_archive(tmp_path / "x.pt", **READ)
    expected = torch.load(tmp_path / "x.pt", weights_only=True)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(found[name], value)
            assert found[name].dtype == value.dtype
    assert found["plain"] == content["plain"]
    assert torch.equal(found["ordered"]["a"], torch.ones(2))


def _rewritten(path: Path, change) -> None:
    """The same archive with another pickle."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in members if name.endswith("data.pkl"))
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"FloatStorage", b"EvilXStorage"),
        (b"K\x06", b"K\x07"),  # more numbers than there are
        (b"K\x03", b"K\xff"),  # a shape that reaches beyond them
        (b"_rebuild_tensor_v2", b"_rebuild_sparse_te"),
        (b"storage", b"st\x1b[31m"),
    ],
)
def test_lies(tmp_path: Path, old: bytes, new: bytes):
    path = tmp_path / "x.pt"
    torch.save({"a": torch.ones(2, 3)}, path)

    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new)

    _rewritten(path, change)
    with pytest.raises(InputError) as caught:
        read_torch_archive(path, **READ)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(tmp_path: Path, bad: float):
    torch.save({"a": torch.tensor([1.0, bad])}, tmp_path / "x.pt")
    with pytest.raises(InputError, match="not finite"):
        read_torch_archive(tmp_path / "x.pt", **READ)


def test_repeated_strides_do_not_multiply(tmp_path: Path):
    torch.save({"a": torch.ones(1).expand(10**6, 10**4)}, tmp_path / "x.pt")
    with pytest.raises(InputError, match="more than"):
        read_torch_archive(tmp_path / "x.pt", **READ)


class _Runs:
    def __reduce__(self):
        return print, ("ran",)


def test_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    torch.save({"a": _Runs()}, tmp_path / "x.pt", pickle_module=pickle)
    with pytest.raises(InputError, match="print"):
        read_torch_archive(tmp_path / "x.pt", **READ)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps({}), io.BytesIO().getvalue()])
def test_other_files(tmp_path: Path, content: bytes):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(InputError, match="no checkpoint"):
        read_torch_archive(tmp_path / "x.pt", **READ)
