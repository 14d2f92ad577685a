"""Colour and density of synthetic heads on grids, with their true landmarks."""
