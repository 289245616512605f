"""Operators at work: what they ask of the views and of their parked streams."""
