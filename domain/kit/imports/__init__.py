"""What contexts that import files have in common."""
