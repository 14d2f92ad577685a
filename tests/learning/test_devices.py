"""Devices by name."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from mien.errors import InputError
from mien.learning.devices import bfloat16, choose_device, full_precision


def test_auto_is_a_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("auto").type == choose_device("cuda:0").type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="no CUDA GPU"):
        choose_device("cuda")
    with pytest.raises(InputError, match="'gpu'"):
        choose_device("gpu")


def test_half_precision_is_of_the_device_s_kind(monkeypatch):
    layer, values = torch.nn.Linear(4, 4), torch.rand(2, 4)
    with bfloat16(torch.device("cpu"), enabled=True):
        assert layer(values).dtype == torch.bfloat16
        with full_precision(torch.device("cpu")):
            assert layer(values).dtype == torch.float32
    with bfloat16(torch.device("cpu"), enabled=False):
        assert layer(values).dtype == torch.float32
    asked: list[str] = []
    monkeypatch.setattr(torch, "autocast", lambda kind, _: asked.append(kind) or nullcontext())
    bfloat16(torch.device("cuda", 1), enabled=True)
    assert asked == ["cuda"]
