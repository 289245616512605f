"""Replays of many dead letters, as jobs."""
