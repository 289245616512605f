"""Imports: the rows of files become events."""
