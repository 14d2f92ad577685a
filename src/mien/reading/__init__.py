"""Files that somebody else may have made: opened, measured and checked before anything trusts them."""
