"""Terms of the fitting energy, one small file each."""
