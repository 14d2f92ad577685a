"""Dense probabilistic 2D landmarks: face search, networks, filter over time."""
