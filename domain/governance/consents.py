"""Consents: what people allow to be done with their data, for which purpose, and since when."""

from collections.abc import Collection, Mapping
from typing import Annotated, Protocol
from uuid import UUID, uuid5

from domain.kit.bus.bus import Bus
from domain.kit.fields import Authored, Describe, Internal, Len, Pattern
from domain.kit.log import AppendReceipt
from domain.kit.model import ONE_LINE, Aggregate, Caller, Command, Event, Invalid, Refusal, applies
from domain.kit.refusals import AlreadyExists

_NAMESPACE = UUID("6d1c8f5e-52b7-5f0c-9a57-3b0e6a0f4c11")

PurposeName = Annotated[
    str,
    Len(1, 100),
    Pattern(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", "is not a name in lower case, as `marketing.email`"),
    Internal(),
    Authored(),
    Describe("The purpose, such as `marketing.email`."),
]
Source = Annotated[
    str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("Where it was said, as `web` or `import`.")
]
TextVersion = Annotated[
    str,
    Len(0, 100),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("Which wording of the question was answered."),
]
SubjectId = Annotated[UUID, Internal(), Describe("The user whose data it is.")]


ANALYTICS = "analytics"
"""How purposes begin that are about how somebody uses the product, as `analytics` and `analytics.campaigns`."""


class ConsentNotGiven(Refusal):
    """There is no consent to withdraw."""


def consent_id(subject_id: UUID, purpose: str) -> UUID:
    """The one stream of a person and a purpose."""
    return uuid5(_NAMESPACE, f"{subject_id}/{purpose}")


class Consent(Aggregate, topic="governance.consent"):
    """What one person says about one purpose."""

    class Given(Event):
        subject_id: SubjectId
        purpose: PurposeName
        source: Source
        text_version: TextVersion = ""

    class Withdrawn(Event):
        subject_id: SubjectId
        purpose: PurposeName
        source: Source

    subject_id: UUID
    purpose: str
    given: bool = False
    text_version: str = ""

    @applies(Given)
    def _given(self, event: Given) -> None:
        self.subject_id, self.purpose = event.subject_id, event.purpose
        self.given, self.text_version = True, event.text_version

    @applies(Withdrawn)
    def _withdrawn(self, event: Withdrawn) -> None:
        self.subject_id, self.purpose, self.given = event.subject_id, event.purpose, False


def require_id(id: UUID, subject_id: UUID, purpose: str) -> None:
    """Raise Invalid for an id that is not that of this person's consent."""
    if id != consent_id(subject_id, purpose):
        raise Invalid(field="id", reason="is not the id of this person's consent to this purpose")


class GiveConsent(Command, requires=(require_id,)):
    """Allow one's data to be used for a purpose. Its id is `consent_id` of person and purpose."""

    subject_id: SubjectId
    purpose: PurposeName
    source: Source = "web"
    text_version: TextVersion = ""

    def handle(self) -> Consent:
        given = Consent.Given(
            subject_id=self.subject_id,
            purpose=self.purpose,
            source=self.source,
            text_version=self.text_version,
        )
        return Consent.begin(self.id, given)


class RenewConsent(Command):
    """Allow again what was allowed in another wording, or withdrawn, before; the same twice is nothing."""

    source: Source = "web"
    text_version: TextVersion = ""

    def handle(self, consent: Consent) -> None:
        if consent.given and consent.text_version == self.text_version:
            return
        given = Consent.Given(
            subject_id=consent.subject_id,
            purpose=consent.purpose,
            source=self.source,
            text_version=self.text_version,
        )
        consent.record(given)


class RefuseConsent(Command, requires=(require_id,)):
    """Refuse a purpose of which nothing was said before. Its id is `consent_id` of person and purpose."""

    subject_id: SubjectId
    purpose: PurposeName
    source: Source = "web"

    def handle(self) -> Consent:
        withdrawn = Consent.Withdrawn(subject_id=self.subject_id, purpose=self.purpose, source=self.source)
        return Consent.begin(self.id, withdrawn)


class WithdrawConsent(Command):
    """Withdraw what was said before; what is refused already cannot be."""

    source: Source = "web"

    def handle(self, consent: Consent) -> None:
        if not consent.given:
            raise ConsentNotGiven()
        withdrawn = Consent.Withdrawn(
            subject_id=consent.subject_id, purpose=consent.purpose, source=self.source
        )
        consent.record(withdrawn)


class Consents(Protocol):
    """What whoever is about to send or to look something up asks first; which contexts must, ADR 32 says."""

    async def given(self, tenant_id: UUID, subject_id: UUID, purpose: str) -> bool:
        """Whether the person allows this purpose at this moment.

        False for whoever never said so, is gone or suspended, and for analytics of whoever objects to them in
        their preferences (``analytics_opt_out``).
        """
        ...

    async def refused(self, tenant_id: UUID, subject_ids: Collection[UUID], purpose: str) -> bool:
        """Whether one of these people does not want this purpose, at this moment.

        True when one has refused or withdrawn it, or what it is part of (``analytics`` of
        ``analytics.segment``), objects to analytics in their preferences, or is a user who was erased. Who never
        said anything refuses nothing, and what is no person's id neither.
        """
        ...


async def give_consent(
    bus: Bus, command: GiveConsent, *, by: Caller, command_id: UUID
) -> AppendReceipt | Refusal:
    """Give a consent, for the first time or again, once for each ``command_id``."""
    outcome = await bus.send(command, by=by, command_id=command_id)
    if not isinstance(outcome, AlreadyExists):
        return outcome
    again = RenewConsent(id=command.id, source=command.source, text_version=command.text_version)
    # An id of its own, since under the first one another command is what would be known.
    return await bus.send(again, by=by, command_id=uuid5(command_id, "again"))


async def withdraw_consent(
    bus: Bus,
    command: RefuseConsent,
    *,
    by: Caller,
    command_id: UUID,
    correlation_id: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> AppendReceipt | Refusal:
    """Withdraw a consent, whether or not it was ever given, once for each ``command_id``."""

    async def send(sent: Command, id: UUID) -> AppendReceipt | Refusal:
        return await bus.send(sent, by=by, command_id=id, correlation_id=correlation_id, metadata=metadata)

    outcome = await send(command, command_id)
    if not isinstance(outcome, AlreadyExists):
        return outcome
    return await send(WithdrawConsent(id=command.id, source=command.source), uuid5(command_id, "again"))
