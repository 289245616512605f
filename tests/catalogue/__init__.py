"""What the fields say about themselves, and what follows from it: inventory, logs, dumps."""
