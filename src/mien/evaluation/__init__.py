"""Metrics and benchmark protocols: how good mien's results are, never part of how it makes them."""
