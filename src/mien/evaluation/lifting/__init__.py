"""How good lifted landmarks are."""
