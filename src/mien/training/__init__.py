"""What trains the networks: losses, loops, validation, export. Needs torch."""
