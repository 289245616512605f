"""Campaigns: what is sent to whom and when, and how far it is."""
