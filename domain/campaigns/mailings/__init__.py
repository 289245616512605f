"""Sending: recipients are frozen when a campaign starts, and each is handed over to the mail server once."""
