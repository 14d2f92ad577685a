"""Problems, solvers, solutions; normal equations and robust kernels."""
