"""3D landmarks lifted from 2D ones: cameras, pseudo-labels, and the network that has learned from them."""
