"""What is wrong with a view, in words: the same for readiness and for the command line."""

import math

from app.plurals import counted
from projections.kit.read.status import ViewState, ViewStatus

_SILENCE = 10.0
"""Seconds after which a follower that reads nothing is not well, however small its lag."""


def ailment(view: ViewStatus) -> str | None:
    """What is wrong with a view, in a sentence; None when it is well."""
    if not view.live:
        return None  # Nobody reads it; how its rebuild goes is said elsewhere.
    if view.state is ViewState.UNKNOWN:
        return None  # Nobody reads it either.
    if view.state is ViewState.PAUSED:
        return f"{view.name} is paused by {view.paused_by} and stands at {view.position} of {view.head}"
    if view.parked:
        return f"{view.name} has {counted(view.parked, 'stream')} parked"
    if view.state is ViewState.FAILING:
        return f"{view.name} fails at position {view.error_position}"
    if not view.complete:
        return f"{view.name} has folded {view.folded} of {counted(view.position, 'event')}"
    if view.last_read_age is not None and view.last_read_age > _SILENCE:
        age = "ever" if math.isinf(view.last_read_age) else f"for {view.last_read_age:.0f} s"
        return f"{view.name} has not been read {age}"
    if view.state is ViewState.REFILLING:
        return f"{view.name} is being refilled and stands at {view.position} of {view.head}"
    if view.state is ViewState.STOPPED:
        return f"{view.name} is stopped: no worker folds it"
    if view.state is ViewState.WAITING:
        return f"{view.name} waits: {view.error}"
    return None
