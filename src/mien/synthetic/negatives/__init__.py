"""Things and bodies that are no heads, as volumes and pictures."""
