"""What an export holds of a person: the parts that contexts declare, and what the log and the audit have."""

from app.contexts import CONTEXTS
from app.privacy.log_records import accesses, account_events, events
from domain.kit.context.manifests import joined
from projections.kit.context.exports import ExportPart

_MORE = "additional_data"
_SECTIONS = ("personal_data", "activity_data")
"""The first ones of the file; those of other names follow, the rest of what is kept at the end."""

_OF_THE_LOG = (
    ExportPart(section=_MORE, name="accesses", holds=("audit.data_access",), read=accesses),
    ExportPart(section=_MORE, name="events", holds=("es.events",), read=events),
    ExportPart(
        section=_MORE,
        name="account_events",
        holds=("es.events",),
        read=account_events,
        platform=True,
        own=True,
    ),
)


def _place(part: ExportPart) -> tuple[int, str]:
    if part.section in _SECTIONS:
        return _SECTIONS.index(part.section), ""
    return len(_SECTIONS) + (part.section == _MORE), part.section


_DECLARED = joined(CONTEXTS, "exports", lambda context: ((part.path, part) for part in context.exports))

PARTS: tuple[ExportPart, ...] = (*sorted(_DECLARED.values(), key=_place), *_OF_THE_LOG)
"""Every part, in the order of the file."""
