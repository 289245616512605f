"""Views as operators see them: their rows, what replaying would change, and the commands for both."""
