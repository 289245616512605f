"""What a source must show, and what its events must name, to be let in."""
