"""What a tracker does with landmarks that jitter: still faces must stay still, blinks must stay blinks."""
