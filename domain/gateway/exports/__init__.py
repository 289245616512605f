"""What lets events leave for analytics tools and CRMs."""
