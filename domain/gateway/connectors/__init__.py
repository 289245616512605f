"""Connectors: what pulls events out of outside systems."""
