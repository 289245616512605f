"""The record of who read what: writing it, reading it, letting it go."""
