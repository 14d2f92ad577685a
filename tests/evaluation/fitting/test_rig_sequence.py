"""The study of a rig's recording, on a small head."""

from __future__ import annotations

from mien.evaluation.fitting.rig_sequence import study_rig_sequence
from tests.toy_head import toy_head


def test_a_small_recording_is_solved():
    result = study_rig_sequence(toy_head(), frames=11, cameras=3, set_name="toy", noise_px=0.2)
    assert (result.frames, result.cameras) == (11, 3)
    assert result.status.usable
    assert result.iterations > 0
    assert result.vertex_error_mm < 0.5
    assert result.wall_s > 0
    assert result.peak_mib >= result.before_mib > 0
