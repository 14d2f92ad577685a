"""Files for other programs, and plain data that mien reads back."""
