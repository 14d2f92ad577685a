"""A finished landmark network trained on as a whole, its encoders with it."""
