"""Crops of posed views are kept by the shard that they come from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from mien.datasets.lifting import encoding
from mien.datasets.lifting.encoding import EncodeLiftsConfig, encode_views
from mien.evaluation.robustness.learning_seeds import write_views


def test_a_shard_that_comes_later_shifts_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    views = tmp_path / "views"
    write_views(views)
    (first,) = views.glob("views-*.npz")
    last = views / "views-000002.npz"
    last.write_bytes(first.read_bytes())
    shown: list[object] = []

    def encoded(config: object, encoders: object, posed: object) -> SimpleNamespace:
        shown.append(posed)
        return SimpleNamespace(save=lambda path: path.write_bytes(b""))

    empty = SimpleNamespace(point_count=0, first_points=0, feature_count=0, map_shapes=[])
    monkeypatch.setattr(encoding, "Encoders", lambda files, places: empty)
    monkeypatch.setattr(encoding, "_encoded", encoded)
    config = EncodeLiftsConfig(views=(views,), encoders=(), out=tmp_path / "encoded")
    before = encode_views(config)
    (views / "views-000001.npz").write_bytes(first.read_bytes())
    after = encode_views(config)
    assert len(shown) == 3, "what is there is not shown again, and the new shard is"
    assert before == [after[0], after[2]]
