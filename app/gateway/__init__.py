"""The gateway: how events of outside systems come in."""
