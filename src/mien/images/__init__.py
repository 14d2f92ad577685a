"""Photos and video frames as RGB uint8 arrays, upright, with what their files say about the camera."""
