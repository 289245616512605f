"""All contexts and their views: the one list that has to know every context."""

from typing import Any

from projections import governance, identity, work
from projections.kit.view import View

VIEWS: tuple[type[View[Any]], ...] = (*identity.VIEWS, *work.VIEWS, *governance.VIEWS)
"""Every view. Views that fold all events come last, when the events of every context are known."""
