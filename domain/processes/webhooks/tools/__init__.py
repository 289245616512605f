"""The protocols of the tools that events are exported to."""
