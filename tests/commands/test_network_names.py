"""Networks keep names of their own in tables."""

from __future__ import annotations

from mien.commands.benchmark.network_names import told_apart


def test_two_files_of_one_name_are_told_apart():
    names = told_apart(["lifting", "a/lifting.onnx", "b/other.onnx"])
    assert names == {"lifting": "lifting", "a/lifting.onnx": "a/lifting.onnx", "other": "b/other.onnx"}
