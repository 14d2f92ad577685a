"""People that the built-in head was not learned from, and pictures of them, for measuring fits."""
