"""A head before a camera as a function of the solver's unknowns, with its derivatives."""
