"""Heads in a browser: a local server and a page with landmarks as handles."""
