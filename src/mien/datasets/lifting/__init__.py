"""What a lifting network learns from: posed views, their pseudo-labels, video frames, encoded crops."""
