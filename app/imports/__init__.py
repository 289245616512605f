"""Reads the rows of files as they really are, for every context that imports some."""
