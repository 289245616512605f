"""Webhooks: what is sent to them, and how that goes on until it arrives."""
