"""Non-linear least squares; nothing here knows of faces.

A `Problem` gives its cost at a point, and there the `Equations` of its quadratic model: `NormalEquations`
where every unknown may depend on every other, `ChainEquations` where frames follow one another. A `Solver`
goes from a start to a `Solution`: `LevenbergMarquardt`, and two others that check it and each other, `Lbfgs`
and `ScipyLeastSquares`.
"""
