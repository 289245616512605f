"""The API for operators."""

ROOTS: tuple[type, ...] = ()
