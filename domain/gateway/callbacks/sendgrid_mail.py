"""What SendGrid's events tell of mail: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event."""

import json
from datetime import UTC, datetime

from domain.gateway.callbacks.mail_notices import (
    MESSAGE,
    MailItem,
    MailNotice,
    MailOutcome,
    address_of,
    details_of,
    message_of,
    status_of,
)
from domain.gateway.callbacks.notices import Json, id_of

_OUTCOMES = {
    "processed": MailOutcome.PROCESSED,
    "deferred": MailOutcome.DEFERRED,
    "delivered": MailOutcome.DELIVERED,
    "bounce": MailOutcome.BOUNCED,
    "dropped": MailOutcome.DROPPED,
    "open": MailOutcome.OPENED,
    "click": MailOutcome.CLICKED,
    "spamreport": MailOutcome.COMPLAINED,
    "unsubscribe": MailOutcome.UNSUBSCRIBED,
    "group_unsubscribe": MailOutcome.UNSUBSCRIBED,
}
_KEPT = (
    "event",
    "sg_event_id",
    "sg_message_id",
    "timestamp",
    "type",
    "status",
    "bounce_classification",
    "attempt",
    "sg_machine_open",
    "asm_group_id",
    MESSAGE,
)


def items_of_sendgrid(body: Json) -> list[MailItem]:
    """What a callback tells, in its order; of what is no event, nothing. Raises ValueError with the end of a
    sentence for what is no list."""
    if not isinstance(body, list):
        raise ValueError("it is not a list of events")
    return [_item(event) for event in body if isinstance(event, dict)]


def _item(event: dict[str, Json]) -> MailItem:
    id = id_of(event.get("sg_event_id"))
    kind = event.get("event")
    outcome = _OUTCOMES.get(kind) if isinstance(kind, str) else None
    notice = None
    if outcome is not None:
        notice = MailNotice(
            outcome=outcome,
            message_id=message_of(event.get(MESSAGE)),
            # What is blocked may arrive another time, and has the same name.
            permanent=outcome is MailOutcome.BOUNCED and event.get("type") == "bounce",
            machine=event.get("sg_machine_open") is True,
            status=status_of(event.get("status")),
        )
    return MailItem(
        key=id or json.dumps(event, sort_keys=True),
        keyed=bool(id),
        occurred_at=_moment(event.get("timestamp")),
        notice=notice,
        address=address_of(event.get("email")),
        details=details_of(event, *_KEPT),
    )


def _moment(seconds: Json) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if type(seconds) is int else None
    except (ValueError, OverflowError, OSError):
        return None
