"""The views of identity."""

from projections.identity.people import People

VIEWS = (People,)
