"""Permissions of marketing."""

READ = "marketing:read"
WRITE = "marketing:write"
CONFIDENTIAL = "marketing:confidential"
