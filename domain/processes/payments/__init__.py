"""Payments that providers tell of, recorded with what they pay."""
