"""Bodies of CloudEvents, as the events that they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.gateway.bodies import NotEvents, TooManyInBody, read_json, read_value
from domain.gateway.cloud_events import BATCH, STRUCTURED, NoCloudEvent, of_headers, read_cloud_event
from domain.gateway.outcomes import MOST_EVENTS, EventViolation, ReceivedEvent
from domain.kit.refusals import ViolationCode


def is_cloud(kind: str, headers: Mapping[str, str]) -> bool:
    """Whether a request holds CloudEvents: its media type says so, or its headers hold the attributes of one."""
    return kind in (STRUCTURED, BATCH) or "ce-specversion" in headers


def read_cloud_body(
    kind: str, headers: Mapping[str, str], body: bytes, received_at: datetime
) -> tuple[list[ReceivedEvent], bool]:
    """The events of a body, and whether it is a batch of them. Raises NotEvents and TooManyInBody."""
    at = received_at.isoformat()
    if kind == BATCH:
        values = _json(body)
        if not isinstance(values, list):
            raise NotEvents("send a JSON array of CloudEvents")
        if len(values) > MOST_EVENTS:
            raise TooManyInBody
        return [_received(value, at) for value in values], True
    if kind == STRUCTURED:
        return [_received(_json(body), at)], False
    json = kind.endswith(("/json", "+json")) and bool(body)
    return [_received(of_headers(headers, body, _json(body) if json else None), at)], False


# JSON of any shape, hence Any.
def _json(body: bytes) -> Any:
    try:
        return read_json(body.decode())
    except UnicodeDecodeError:
        raise NotEvents("it is not UTF-8") from None


def _received(value: Any, received_at: str) -> ReceivedEvent:
    received = read_value(value)
    if received.unreadable is not None:
        return received
    try:
        return read_value(read_cloud_event(value, received_at))
    except NoCloudEvent as wrong:
        fault = EventViolation("cloudevents", ViolationCode.FORMAT, (wrong.attribute,), str(wrong))
        return ReceivedEvent(value, None, fault)
