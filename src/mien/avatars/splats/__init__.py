"""Heads of Gaussian splats that ride on the fitted mesh and change with the expression.

Quick to learn, and quick to show.
Needs torch and numba (`pip install 'mien[fields]'`).
"""
