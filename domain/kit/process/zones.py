"""Time zones, by their names in the IANA data base."""

from functools import cache
from zoneinfo import available_timezones

from domain.kit.refusals import Invalid

_OF_THE_HOST = {"localtime", "posixrules", "Factory"}
"""Files that may lie beside those of zones: what they say is another on each machine."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _OF_THE_HOST)


def require_zone(name: str) -> None:
    """Raise Invalid unless there is a zone of this name."""
    if name not in _zones():
        raise Invalid(field=None, reason="is not the name of a time zone")
