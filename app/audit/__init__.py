"""The audit: who read what, written in batches, kept for two years, and what stays of it after that."""
