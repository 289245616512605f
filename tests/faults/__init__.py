"""Faults: the running product is broken on purpose under load, and must come back whole."""
