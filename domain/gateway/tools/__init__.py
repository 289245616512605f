"""The analytics tools and CRMs that events are exported to."""
