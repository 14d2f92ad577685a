"""A head fitted to landmarks: one photo, several, a recorded sequence."""
