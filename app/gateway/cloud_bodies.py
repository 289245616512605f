"""Bodies of CloudEvents, as the events that they are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.gateway.bodies import TOO_LARGE, NotEvents, elements_of, raw_of, read_json, read_value
from domain.gateway.cloud_events import (
    BATCH,
    STRUCTURED,
    NoCloudEvent,
    of_headers,
    read_cloud_event,
    readable_members,
)
from domain.gateway.outcomes import LARGEST_EVENT, EventForm, EventViolation, ReceivedEvent
from domain.kit.refusals import ViolationCode

RULE = "cloudevents"
"""The rule that says what a CloudEvent looks like."""


def is_cloud(kind: str, headers: Mapping[str, str]) -> bool:
    """Whether a request holds CloudEvents: its media type says so, or its headers hold the attributes of one."""
    return kind in (STRUCTURED, BATCH) or "ce-specversion" in headers


def read_cloud_body(
    kind: str, headers: Mapping[str, str], body: bytes, received_at: datetime
) -> tuple[list[ReceivedEvent], bool]:
    """The events of a body, and whether it is a batch of them. Raises NotEvents and TooManyInBody."""
    at = received_at.isoformat()
    if kind == BATCH:
        text = _text(body)
        if not text.lstrip().startswith("["):
            raise NotEvents("send a JSON array of CloudEvents")
        return [_received(value, at, part) for value, part in elements_of(text)], True
    if kind == STRUCTURED:
        text = _text(body)
        return [_received(read_json(text), at, text)], False
    json = kind.endswith(("/json", "+json")) and bool(body)
    return [_received(of_headers(headers, body, read_json(_text(body)) if json else None), at)], False


def read_cloud_text(text: str, received_at: datetime) -> ReceivedEvent:
    """The event of a structured CloudEvent, as it is kept when it is rejected."""
    if len(text.encode(errors="replace")) > LARGEST_EVENT:
        return ReceivedEvent(None, text[:LARGEST_EVENT], TOO_LARGE, form=EventForm.CLOUD_EVENT)
    try:
        value = read_json(text)
    except NotEvents as error:
        fault = EventViolation("json", ViolationCode.FORMAT, (), f"It is not JSON: {error}.")
        return ReceivedEvent(None, text, fault, form=EventForm.CLOUD_EVENT)
    return _received(value, received_at.isoformat(), text)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotEvents("it is not UTF-8") from None


# JSON of any shape, hence Any.
def _received(value: Any, received_at: str, text: str | None = None) -> ReceivedEvent:
    received = read_value(value, text)
    # What is kept of it is the CloudEvent that it was.
    text = raw_of(received)
    fault = received.unreadable
    if fault is None:
        try:
            read = read_value(read_cloud_event(value, received_at), text)
            return replace(read, form=EventForm.CLOUD_EVENT)
        except NoCloudEvent as wrong:
            fault = EventViolation(RULE, ViolationCode.FORMAT, wrong.path, str(wrong))
    return ReceivedEvent(readable_members(value), text, fault, form=EventForm.CLOUD_EVENT)
