"""Captures of people: which person is seen, where their head is, and cameras where none are given."""
