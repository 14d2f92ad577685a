"""Training of the face-search network: scenes composed of synthetic faces, targets, and the loop."""
