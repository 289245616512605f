"""Processes about contacts: mails that ask them to confirm, and what providers tell of mails to them."""
