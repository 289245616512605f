"""Callbacks of providers: verified as they come in, and made the events that they are."""
