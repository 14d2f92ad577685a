"""How good 2D landmarks are: on labelled frames and on synthetic faces."""
