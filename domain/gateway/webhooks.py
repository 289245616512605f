"""Webhooks: addresses of a company's other systems that are called with what happens here."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.gateway.tools.destinations import CredentialNames, Kind, Mapped, NotAPlainWebhook, WebhookKind
from domain.gateway.webhook_terms import Condition, EventType, known_types, unmet
from domain.kit.caller import require_person
from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Restricted
from domain.kit.model import (
    ONE_LINE,
    Aggregate,
    Caller,
    Event,
    Refusal,
    applies,
    assigns,
    distinct,
)
from domain.kit.process.web_address import WebAddressInvalid, read_web_address

MANAGE = "gateway:webhooks"
"""The permission to have webhooks; whoever vouches for one must still hold it when something is sent."""
MOST = 50
"""How many webhooks a tenant has at the most, and as many destinations."""
OVERLAP = timedelta(hours=24)
"""For how long the former secret signs beside a new one."""


class WebhookStop(StrEnum):
    """Why a webhook is off."""

    MANUAL = "manual"
    """It was switched off by hand."""
    GONE = "gone"
    """Its address answered 410."""
    FAILING = "failing"
    """Nothing has arrived for five days."""
    UNAUTHORIZED = "unauthorized"
    """Who vouched for it may have no webhooks any more."""
    BACKLOG = "backlog"
    """More waits to be sent than is kept for it."""


Name = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What the webhook is for.")]
Url = Annotated[
    str, Len(1, 2000), ONE_LINE, Confidential(), Authored(), Describe("The address that is called, by HTTPS.")
]
Types = Annotated[
    tuple[EventType, ...],
    Len(1, 50),
    Internal(),
    Describe(
        "The types of events that are sent, each with all that begin so, as `work.task.created` with `work.task`."
    ),
]
Conditions = Annotated[
    tuple[Condition, ...],
    Len(0, 10),
    Confidential(),
    Authored(),
    Describe(
        "What an event's fields must hold, as `status=completed`; all of them. Personal and confidential fields "
        "match nothing."
    ),
]
Ordered = Annotated[
    bool,
    Internal(),
    Describe("Whether events of one object wait for one another, so that they arrive in their order."),
]
WithConfidential = Annotated[
    bool,
    Internal(),
    Describe(
        "Whether confidential fields are sent as well, where whoever vouches for the webhook may read them."
    ),
]
WithPersonal = Annotated[
    bool,
    Internal(),
    Describe(
        "Whether personal fields are sent as well, where whoever vouches for the webhook may read them."
    ),
]
Sponsor = Annotated[
    UUID,
    Internal(),
    Describe("Who vouches for it: what they may not see is not sent, and nothing once they left."),
]
Secret = Annotated[
    str, Len(1, 10_000), Restricted(), Describe("The secret that signs, or the credentials, sealed.")
]
Stop = Annotated[WebhookStop, Internal(), Describe("Why it is off.")]


class WebhookUrlRefused(Refusal):
    """The address {reason}."""


class WebhookTypeUnknown(Refusal):
    """No event has a type that is, or begins with, {type}. Events of outside systems are gateway.event, with the
    condition eventType={type}."""


class WebhookConditionUnmet(Refusal):
    """No event can meet this condition, as it {reason}."""


class TooManyWebhooks(Refusal):
    """A tenant has {most} {what} at the most; delete one first."""


class WebhookActive(Refusal):
    """This webhook is on already."""


class WebhookInactive(Refusal):
    """This webhook is off."""


class Webhook(Aggregate, topic="gateway.webhook"):
    """An address that is called with what happens."""

    class Registered(Event):
        name: Name
        url: Url
        types: Types
        conditions: Conditions
        ordered: Ordered
        with_confidential: WithConfidential
        with_personal: WithPersonal
        sponsor_id: Sponsor
        secret: Secret
        kind: Kind = WebhookKind.WEBHOOK
        mapping: Mapped = ()
        credentials: CredentialNames = ()

    class Changed(Event):
        name: Name
        url: Url
        types: Types
        conditions: Conditions
        ordered: Ordered
        with_confidential: WithConfidential
        with_personal: WithPersonal
        sponsor_id: Sponsor
        mapping: Mapped = ()

    class SecretRotated(Event):
        secret: Secret
        former_until: Annotated[datetime, Internal(), Describe("Until when the former secret signs as well.")]
        credentials: CredentialNames = ()

    class Disabled(Event):
        reason: Stop

    class Enabled(Event):
        sponsor_id: Sponsor

    class FailureBegan(Event):
        since: Annotated[datetime, Internal(), Describe("Since when nothing arrives.")]

    class FailureEnded(Event): ...

    class TestRequested(Event): ...

    class ReplayRequested(Event):
        since: Annotated[datetime, Internal(), Describe("Events from this time on are sent again.")]
        until: Annotated[datetime, Internal(), Describe("Events before this time.")]

    class EventReplayRequested(Event):
        event_id: Annotated[UUID, Internal(), Describe("The event that is sent again.")]

    class Deleted(Event, ends=True): ...

    name: str
    url: str
    types: tuple[str, ...]
    conditions: tuple[str, ...]
    ordered: bool
    with_confidential: bool
    with_personal: bool
    sponsor_id: UUID
    secret: str
    kind: WebhookKind = WebhookKind.WEBHOOK
    mapping: tuple[str, ...] = ()
    former_secret: str | None = None
    former_until: datetime | None = None
    active: bool = True
    failing_since: datetime | None = None

    changed = assigns(Registered, Changed)

    @applies(SecretRotated)
    def _rotated(self, event: SecretRotated) -> None:
        self.former_secret, self.former_until, self.secret = self.secret, event.former_until, event.secret

    @applies(Disabled)
    def _disabled(self, event: Disabled) -> None:
        self.active = False

    @applies(Enabled)
    def _enabled(self, event: Enabled) -> None:
        self.active, self.failing_since, self.sponsor_id = True, None, event.sponsor_id

    @applies(FailureBegan)
    def _failure_began(self, event: FailureBegan) -> None:
        self.failing_since = event.since

    @applies(FailureEnded)
    def _failure_ended(self, event: FailureEnded) -> None:
        self.failing_since = None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """The sealed secrets that sign, the newest first."""
        if self.former_secret is None or self.former_until is None or self.former_until <= now:
            return (self.secret,)
        return self.secret, self.former_secret

    def vouch(self, by: Caller) -> UUID:
        """Who vouches from here on: whoever directs what is sent where."""
        require_person(by)
        return by.user_id


def require_plain(webhook: Webhook) -> None:
    """Raise NotAPlainWebhook for a destination."""
    if webhook.kind is not WebhookKind.WEBHOOK:
        raise NotAPlainWebhook(field="id")


def checked_url(url: str) -> str:
    """The address as it is called. Raises WebhookUrlRefused for one that may not be."""
    try:
        return str(read_web_address(url.strip()))
    except WebAddressInvalid as invalid:
        raise WebhookUrlRefused(reason=str(invalid), field="url") from None


def checked_types(types: tuple[str, ...]) -> tuple[str, ...]:
    """The types in order, each once. Raises WebhookTypeUnknown for one that no event can have."""
    for type in types:
        if not known_types(type):
            raise WebhookTypeUnknown(type=type, field="types")
    return tuple(sorted(distinct(types)))


def require_conditions(types: tuple[str, ...], conditions: tuple[str, ...]) -> None:
    """Raise WebhookConditionUnmet for a condition that no event of these types can ever meet."""
    for condition in conditions:
        if (reason := unmet(condition, types)) is not None:
            raise WebhookConditionUnmet(reason=reason, field="conditions")
