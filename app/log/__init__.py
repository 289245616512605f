"""The event log in Postgres: the adapter of ``domain.kit.log``."""
