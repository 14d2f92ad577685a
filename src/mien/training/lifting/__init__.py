"""The network that lifts 2D landmarks to 3D, and its training."""
