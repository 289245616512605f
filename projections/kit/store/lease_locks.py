"""By what leases are known to Postgres: advisory locks, and how long a holder may be silent."""

LANES = 0x4877
"""The class of the locks of lanes, by the lane's id."""
WORKERS = 0x4878
"""The class of the locks of workers, by the worker's id."""

SILENCE = 15
"""Seconds without a heartbeat after which a worker counts as gone, though its session may still be there."""
