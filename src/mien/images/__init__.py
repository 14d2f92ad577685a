"""Photos and video frames as upright RGB arrays, with what files say of them."""
