"""Marketing in workers: reports come in."""
