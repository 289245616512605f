"""Pulls pages of outside systems, and takes in what they hold."""
