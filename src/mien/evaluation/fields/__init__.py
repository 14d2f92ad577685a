"""How good 3D landmarks in radiance fields are, and what else could have found them."""
