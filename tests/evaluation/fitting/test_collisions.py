"""The study of skin in eyeballs and teeth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.evaluation.fitting.collisions import WITH, WITHOUT, study_collisions, with_terms
from mien.evaluation.fitting.tables import collisions_table
from mien.fitting.config import FitConfig
from mien.synthetic.held_out_people.crowd import Photographer


def test_terms_that_are_off_are_turned_on_and_others_kept():
    assert with_terms(FitConfig()).skin_eyeball_std_m > 0
    assert with_terms(FitConfig(skin_eyeball_std_m=0.01)).skin_eyeball_std_m == 0.01


def test_the_terms_keep_skin_out(photographer: Photographer):
    crowd = photographer.crowd.first(1)
    one = replace(photographer, crowd=replace(crowd, expression=crowd.expression.copy()))
    # Lids that are closed over somebody's eyes, seen from below.
    names = list(photographer.head.expression_names)
    one.crowd.expression[0, 1:, [names.index("eyeBlinkLeft"), names.index("eyeSquintLeft")]] = 0.9
    results = study_collisions(one, set_name="ibug68")
    assert len(results[WITH].eyeballs_mm) == len(results[WITHOUT].eyeballs_mm) == 2
    assert results[WITH].eyeballs_mm.max() < max(0.5, results[WITHOUT].eyeballs_mm.max())
    assert np.isfinite(results[WITH].residual_px).all()
    table = collisions_table(results)
    assert [row[0] for row in table.rows] == [WITHOUT, WITH]
