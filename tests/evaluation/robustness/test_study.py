"""A short run of the benchmark: no reader crashes, raises what is untyped, or takes nonsense for results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mien.evaluation.robustness.faults import first_fault
from mien.evaluation.robustness.mutations import mutate
from mien.evaluation.robustness.seeds import write_seeds
from mien.evaluation.robustness.small_head import small_fit, small_head, small_track
from mien.evaluation.robustness.study import RobustnessConfig, study_robustness
from mien.evaluation.robustness.table import page

pytest.importorskip("torch", reason="fields and checkpoints need torch")


def test_readers_hold():
    config = RobustnessConfig(mutations=78, seed=7, workers=1)
    result = study_robustness(config)
    assert result.failures == ()
    assert sum(kind.tried for kind in result.kinds.values()) == 78
    assert sum(kind.refused for kind in result.kinds.values()) > 39  # the damage is real
    text = page(result, config)
    assert "| all | 78 |" in text


def test_mutations_are_the_seeds_and_change_the_file(tmp_path: Path):
    seeds = write_seeds(tmp_path / "seeds")
    kinds = Counter()
    for index, seed in enumerate(seeds):
        path = seed.folder / seed.files[0]
        good = path.read_bytes()
        if len(good) > 200_000:
            continue
        outcomes = []
        for _ in range(2):
            path.unlink(missing_ok=True)
            path.write_bytes(good)
            kinds[mutate(path, np.random.default_rng([index, 1]))] += 1
            outcomes.append(path.read_bytes() if path.is_file() and not path.is_symlink() else None)
        if path.suffix not in (".npz",):  # zip archives hold the time
            assert outcomes[0] == outcomes[1]
        assert outcomes[0] != good
    assert len(kinds) > 5


def test_faults_are_seen():
    fit, track, head = small_fit(), small_track(), small_head()
    assert first_fault((fit, track, head)) is None
    assert first_fault({"a": [1.0, float("inf")]}) == "result.a[1] is not finite"
    fit.parameters.identity[0] = np.nan
    assert "identity" in (first_fault(fit) or "")
    track.points_px[0] = np.nan
    assert "tracked frames" in (first_fault(track) or "")
    fit = small_fit()
    object.__setattr__(fit, "residuals_px", np.zeros((67, 3)))
    assert "residuals_px has the shape (67, 3)" in (first_fault(fit) or "")
