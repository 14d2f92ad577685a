"""Radiance fields that 68 landmarks and a texture map steer (FLNeRF, section 5): edit, interpolate, swap,
transfer and reenact expressions."""
