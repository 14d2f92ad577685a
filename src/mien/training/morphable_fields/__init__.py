"""Training of fields that landmarks and texture maps steer."""
