"""Schemas of events: what one may say, whether documents keep to it, and whether a version may follow another."""
