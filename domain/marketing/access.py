"""Permissions of marketing."""

READ = "marketing:read"
WRITE = "marketing:write"
