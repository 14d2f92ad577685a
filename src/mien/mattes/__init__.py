"""Soft mattes: how much of each pixel a head covers, told from the fitted head and the colours around it."""
