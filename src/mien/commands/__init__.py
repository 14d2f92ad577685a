"""The command line: one small file per verb, holding the library's own configurations."""
