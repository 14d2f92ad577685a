"""How much a textured head looks like the picture that it was made from."""
