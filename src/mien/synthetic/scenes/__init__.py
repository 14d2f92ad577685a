"""Synthetic pictures of heads with exact labels (`mien synth`)."""
