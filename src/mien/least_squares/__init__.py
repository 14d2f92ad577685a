"""Least-squares problems, solvers and what both need."""
