"""3D landmarks straight from a radiance field, after FLNeRF (Zhang et al. 2022). Needs torch."""
