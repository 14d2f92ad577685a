"""Tables of results that others measure."""

from __future__ import annotations

import json

from mien.evaluation.fitting.rig_sequence import RigSequenceResult
from mien.evaluation.fitting.solvers import SolverCase
from mien.evaluation.fitting.tables import (
    Table,
    rig_sequence_table,
    solvers_table,
)
from mien.least_squares.solution import Status


def check(table: Table) -> str:
    """Every row is as long as the header, the data are plain, and the Markdown has a line a row."""
    assert all(len(row) == len(table.header) for row in table.rows)
    json.dumps(table.data)
    text = table.markdown()
    assert len(text.splitlines()) == len(table.rows) + 2
    return text


def test_solvers():
    cases = [SolverCase(str(k), 9, {"a": 1.0, "b": 1.0 + 0.01 * k}, {"a": 0.1, "b": 0.2}) for k in range(2)]
    table = solvers_table(cases)
    check(table)
    assert table.data["agree"] == 1
    assert table.title.startswith("1 of 2")


def test_a_recording():
    result = RigSequenceResult(5, 3, 703, Status.CONVERGED, 4, 1.5, 1.4, 300.0, 200.0, 0.05, 1.0, 2)
    table = rig_sequence_table(result)
    assert "5 frames × 3 cameras × 703" in check(table)
    assert table.data["status"] == "CONVERGED"
