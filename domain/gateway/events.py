"""Events from outside, as the log keeps them: a stream each."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from domain.gateway.callbacks.mail_notices import MailNotice
from domain.gateway.callbacks.notices import InvoiceReference, PaymentNotice
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.envelope import LONGEST_REFERENCE, EventCategory, is_reference
from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Personal, Purpose
from domain.kit.ids import id_from, id_within, in_one_spelling, read_spelling
from domain.kit.model import Aggregate, Event, applies
from domain.kit.privacy.nobody import nobody_of

SourceId = Annotated[UUID, Internal(), Describe("The source that sent it.")]
KeyId = Annotated[
    UUID | None, Internal(), Describe("The key that the source showed; null: a person sent it.")
]
EventId = Annotated[UUID, Internal(), Describe("The id that the source gave it.")]
EventType = Annotated[
    str, Len(1, 100), Internal(), Authored(), Describe("What happened, as `order.created`.")
]
SubjectId = Annotated[
    UUID,
    Internal(),
    Describe("Under whose key its data is sealed: that of the person it names, or of its source and day."),
]
Data = Annotated[
    str,
    Confidential(),
    Personal(subject="subject_id"),
    Purpose("To follow what happened in systems of the tenant's own."),
    Describe("Payload and metadata, as JSON text: `{payload: {...}, metadata: {...}}`."),
]
# Whole numbers, but what is decoded from JSON is of any type.
Stages = Annotated[
    dict[str, Any],
    Internal(),
    Describe("When each stage was done with it, in microseconds after it was received."),
]
# Texts, numbers and booleans.
Entries = Annotated[
    dict[str, Any] | None,
    Internal(),
    Authored(),
    Describe(
        "What of payload and metadata its schema said to be about no person and to be searchable, by key."
        " It is kept in plain, beside `data`; null if there is nothing."
    ),
]


class OutsideEvent(Aggregate, topic="gateway.event"):
    """An event from outside."""

    class Accepted(Event):
        from_outside: ClassVar[bool] = True

        source_id: SourceId
        key_id: KeyId
        event_id: EventId
        event_type: EventType
        event_source: Annotated[str, Len(1, 100), Internal(), Authored(), Describe("Where it happened.")]
        category: Annotated[EventCategory, Internal(), Describe("The category of its type.")]
        schema_version: Annotated[str, Len(1, 20), Internal(), Describe("The version of its form.")]
        occurred_at: Annotated[datetime, Internal(), Describe("When it happened, by the source's clock.")]
        sent_at: Annotated[
            datetime | None, Internal(), Describe("When it was sent, by the source's clock, if it said so.")
        ]
        data: Data
        subject_id: SubjectId
        user_id: Annotated[str | None, Internal(), Authored(), Describe("The user that it names.")]
        session_id: Annotated[str | None, Internal(), Authored(), Describe("The session that it names.")]
        order_id: Annotated[str | None, Internal(), Authored(), Describe("The order that its payload names.")]
        completeness: Annotated[
            int, Internal(), Describe("How much of what it could say it says, in per cent.")
        ]
        added: Annotated[
            tuple[str, ...],
            Internal(),
            Describe("What it did not say and was filled in, beside category, tenant and time of receipt."),
        ]
        stages: Stages
        searchable: Entries = None

        @property
        def user(self) -> str | None:
            """The user that it names, who is one however their id is spelled."""
            return None if self.user_id is None else in_one_spelling(self.user_id)

        @property
        def user_spelling(self) -> str | None:
            """How it spells the user's id, if otherwise than `user`."""
            return None if self.user_id == self.user else self.user_id

    class PaymentTold(Event):
        from_outside: ClassVar[bool] = True

        source_id: SourceId
        provider: Annotated[CallbackProvider, Internal(), Describe("Who tells of it.")]
        payment: Annotated[PaymentNotice, Internal(), Describe("What they tell of it.")]
        invoice: Annotated[
            InvoiceReference | None,
            Internal(),
            Describe("The invoice of a tenant that it pays, where a source of the platform tells of it."),
        ] = None

        class_version = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """There were fewer providers. States are plain JSON, hence Any."""

    class MailTold(Event):
        from_outside: ClassVar[bool] = True

        source_id: SourceId
        provider: Annotated[CallbackProvider, Internal(), Describe("Who tells of it.")]
        mail: Annotated[MailNotice, Internal(), Describe("What they tell of it.")]

    class_version = 2

    source_id: UUID
    provider: CallbackProvider | None = None
    payment: PaymentNotice | None = None
    """What is told of a payment, where its provider has signed it."""

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """There were fewer providers. States are plain JSON, hence Any."""

    @applies(Accepted)
    def _accepted(self, event: Accepted) -> None:
        self.source_id = event.source_id

    @applies(MailTold)
    def _mail_told(self, event: MailTold) -> None:
        self.provider = event.provider

    @applies(PaymentTold)
    def _payment_told(self, event: PaymentTold) -> None:
        self.provider, self.payment = event.provider, event.payment


def stream_of(source_id: UUID, event_id: UUID) -> UUID:
    """The stream, and the command, of a source's event: the same event again is the same command again."""
    return id_from(source_id, f"event {event_id.hex}")


def subject_of(tenant_id: UUID, source_id: UUID, user_id: str | None, received_at: datetime) -> UUID:
    """Under whose key an event's data is sealed: of the user whose id it names, of the person whom it names
    otherwise, or else of nobody, for its source and that day."""
    if user_id is None:
        return nobody_of(source_id, f"day {received_at.date().isoformat()}")
    return person_of(tenant_id, user_id)


# What is said in place of a user's id is JSON of any shape, hence Any.
def user_meant(said: Any) -> str | None:
    """The user whom a `userId` names that may be none: its text without blanks around it, or the first id that
    stands within it."""
    text = said.strip() if isinstance(said, str) else ""
    if is_reference(text):
        return text
    waiting = [said]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and (id := read_spelling(each.strip()) or id_within(each)) is not None:
            return str(id)
        if isinstance(each, dict):
            waiting += [*reversed(each.values()), *reversed(each)]
        elif isinstance(each, list):
            waiting += reversed(each)
    return text if 0 < len(text) <= LONGEST_REFERENCE else None


def person_of(tenant_id: UUID, user_id: str) -> UUID:
    """The person whom the sources of a tenant name so: an id in any spelling is that id, so that who was erased
    is not known again by another one."""
    return read_spelling(user_id) or id_from(tenant_id, f"gateway person {user_id}")
