"""Commands that create tenants, move them and change their state."""
