"""Durable tables only; read models are built by the views themselves."""
