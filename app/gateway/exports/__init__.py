"""Writes events of outside systems into files."""
