"""What becomes of results when a run is killed."""
