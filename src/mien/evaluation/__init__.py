"""Metrics and published protocols: how good the results are."""
