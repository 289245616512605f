"""The names that templates may use, and what a misspelt one was meant to be."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from liquid import BoundTemplate

from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.language import FILTERS

NAMES = (
    *("contact.email", "contact.first_name", "contact.last_name", "contact.language", "contact.fields"),
    *("campaign.id", "campaign.name", "tenant.name"),
    *("unsubscribe_url", "preferences_url"),
)
"""Besides, `contact.fields` has members with the names of a tenant's own fields."""
_TOLD = 5


class Fields(dict[str, Any]):
    """The tenant's own fields of a contact, of any type; those that a contact lacks are nothing."""

    def __missing__(self, name: str) -> None:
        return None


def require_known(template: BoundTemplate, source: str, *, field: str) -> None:
    """Raise TemplateFault for names that do not exist, with the line of each and the nearest that does."""
    found = sorted(_unknown(template, source))
    if found:
        raise TemplateFault(f"uses {'; '.join(said for _, said in found[:_TOLD])}", field)


def _unknown(template: BoundTemplate, source: str) -> Iterator[tuple[int, str]]:
    analysis = template.analyze(include_partials=False)
    for uses in analysis.globals.values():
        for use in uses:
            if not all(isinstance(part, str) for part in use.segments):
                yield _told(source, use.span.index, str(use), "names in brackets are texts")
            elif not _is_known(name := ".".join(map(str, use.segments))):
                yield _told(source, use.span.index, name, _nearest(name, NAMES))
    for name, spans in analysis.filters.items():
        if name not in FILTERS:
            yield _told(source, spans[0].index, f"the filter {name}", _nearest(name, FILTERS))


def _is_known(name: str) -> bool:
    return name in NAMES or name.startswith("contact.fields.")


def _nearest(name: str, known: tuple[str, ...]) -> str:
    found = get_close_matches(name, known, 1, 0.5)
    return f"perhaps {found[0]}" if found else "there is no such"


def _told(source: str, index: int, name: str, hint: str) -> tuple[int, str]:
    return index, f"{name[:100]} in line {source.count(chr(10), 0, index) + 1} ({hint})"
