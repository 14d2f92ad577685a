"""Heads followed through videos and live pictures."""
