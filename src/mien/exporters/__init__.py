"""Files for other programs: glTF, OBJ, Live Link Face CSV, and plain data that mien reads back."""
