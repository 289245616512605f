"""Dead letters: replayed one by one, together, and by jobs."""
