"""Heads in a browser: a local server, and a page on which landmarks and weights are taken by hand."""
