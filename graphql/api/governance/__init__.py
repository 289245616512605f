"""The API of governance."""

from api.governance import history

ROOTS: tuple[type, ...] = (history.Query, history.Subscription)
