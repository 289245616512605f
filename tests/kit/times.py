"""Moments that tests name."""

from datetime import UTC, datetime, timedelta

IN_A_YEAR = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}T00:00:00Z"
"""As clients write it."""
