"""Sources: outside systems that send events, and the keys by which they are known."""

from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from domain.gateway.callbacks.providers import CallbackProvider
from domain.kit.caller import PLATFORM
from domain.kit.fields import Authored, Describe, Internal, Len, Pattern, Restricted
from domain.kit.model import (
    ONE_LINE,
    Aggregate,
    Caller,
    Command,
    Event,
    Refusal,
    Unique,
    applies,
    assigns,
)
from domain.kit.refusals import Forbidden
from domain.kit.text import key

INGEST = "gateway:ingest"
"""The permission to send events; a source's key has no other."""
PAYMENTS = "commerce:payments"
"""The permission of another context to record payments, which takes whoever connects what tells of them."""
BILLING = "ops:payments"
"""The permission to say what tenants have paid, which it takes besides in the platform's own tenant."""
TEST_ENVIRONMENTS = frozenset(
    {"test", "testing", "sandbox", "staging", "development", "dev", "local", "demo"}
)
"""The environments whose sources let payments of a provider's test mode count."""
LIVE_KEYS = 2
"""How many keys of a source are good at the same time: the one in use, and the one that takes its place."""
LONGEST = timedelta(days=731)
"""How long a key with an end may be good for."""


def require_payments(by: Caller) -> None:
    """Raise Forbidden unless somebody may say what is paid: the platform's own sources tell it of every tenant."""
    for needed in (PAYMENTS, BILLING) if by.tenant_id == PLATFORM else (PAYMENTS,):
        if not by.may(needed):
            raise Forbidden(permission=needed)


class SourceKind(StrEnum):
    """How a source sends what happens there."""

    APPLICATION = "application"
    STREAM = "stream"
    BATCH = "batch"
    WEBHOOK = "webhook"


class SourceUsers(StrEnum):
    """Whom the events of a source may name as their user."""

    ANY = "any"
    """Whomever the source names."""
    KNOWN = "known"
    """Users of the tenant, and those that a registration of the source introduced."""


Word = Pattern("[a-z0-9][a-z0-9_-]*", "must be small letters, digits, - and _")
Name = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("The source's name.")]
Kind = Annotated[SourceKind, Internal(), Describe("How it sends what happens there.")]
Environment = Annotated[
    str, Len(1, 50), Word, Internal(), Authored(), Describe("The environment of events that name none.")
]
Region = Annotated[str, Len(1, 50), Word, Internal(), Describe("The region of events that name none.")]
KeyId = Annotated[UUID, Internal(), Describe("The key's id.")]
KeyName = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What the key is for.")]
Scope = Annotated[str, Len(1, 100), Pattern("[a-z0-9_]+(?:[.][a-z0-9_]+)*", "is no event type")]
Scopes = Annotated[
    tuple[Scope, ...],
    Len(0, 50),
    Internal(),
    Authored(),
    Describe(
        "The event types that may be sent with it, each with all that begin so: `order` allows `order.created`. "
        "None: every type."
    ),
]
SecretHash = Annotated[
    str,
    Len(64, 64),
    Pattern("[0-9a-f]*", "is not a SHA-256"),
    Restricted(),
    Describe("The SHA-256 of the whole key, in hexadecimal digits."),
]
Expiry = Annotated[datetime | None, Internal(), Describe("When the key expires; null: never.")]
Users = Annotated[SourceUsers, Internal(), Describe("Which users its events may name.")]
Provider = Annotated[CallbackProvider, Internal(), Describe("Who sends callbacks to it.")]
SealedSecret = Annotated[
    str,
    Len(0, 1500),
    Restricted(),
    Describe("The secret by which callbacks are signed; kept sealed, and never shown."),
]
SignatureHeader = Annotated[
    str,
    Len(0, 100),
    Pattern("[A-Za-z0-9-]*", "must be letters, digits and -"),
    Internal(),
    Authored(),
    Describe("The header with the HMAC of the body; of `HMAC_SHA256` alone."),
]
ProviderWebhookId = Annotated[
    str,
    Len(0, 300),
    Pattern("[A-Za-z0-9:_.-]*", "must be letters, digits and : _ . -"),
    Internal(),
    Authored(),
    Describe(
        "What the provider signs as the place to which it sends: the id of the webhook at PayPal, the ARN of the"
        " topic of `SES`; of these alone."
    ),
]


class SourceInactive(Refusal):
    """This source is not active."""


class SourceActive(Refusal):
    """This source is active already."""


class Source(Aggregate, topic="gateway.source", unique=(Unique("name", fold=key),)):
    """An outside system that sends events."""

    class Registered(Event):
        name: Name
        kind: Kind
        environment: Environment
        region: Region

    class Renamed(Event):
        name: Name

    class UsersChanged(Event):
        users: Users

    class Deactivated(Event): ...

    class Activated(Event): ...

    class KeyIssued(Event):
        key_id: KeyId
        name: KeyName
        scopes: Scopes
        secret_hash: SecretHash
        expires_at: Expiry

    class KeyRevoked(Event):
        key_id: KeyId

    class Connected(Event):
        provider: Provider
        secret: SealedSecret
        signature_header: SignatureHeader
        provider_webhook_id: ProviderWebhookId

        class_version = 2

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """There were fewer providers. States are plain JSON, hence Any."""

    class SecretRotated(Event):
        secret: SealedSecret
        former_secret: SealedSecret
        former_secret_until: Annotated[
            datetime, Internal(), Describe("Until when the former secret is good too.")
        ]

    class CallbacksRefused(Event):
        from_outside: ClassVar[bool] = True

        refused_callbacks: Annotated[
            int, Internal(), Describe("How many callbacks were not signed as they must be.")
        ]

    class_version = 4

    name: str
    kind: SourceKind
    active: bool = True
    users: SourceUsers = SourceUsers.ANY
    provider: CallbackProvider | None = None
    secret: str = ""
    refused_callbacks: int = 0
    keys: dict[UUID, datetime | None] = field(default_factory=dict)
    """Those not revoked, with when they expire."""

    changed = assigns(Registered, Renamed, UsersChanged, Connected, SecretRotated, CallbacksRefused)

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """How it sends is remembered; of one that did not say so, callbacks may come as well."""
        state.setdefault("kind", SourceKind.WEBHOOK.value)

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """Whom its events may name is remembered."""
        state.setdefault("users", SourceUsers.ANY.value)

    @staticmethod
    def upcast_v3_v4(state: dict[str, Any]) -> None:
        """There were fewer providers."""

    @applies(Deactivated)
    def _deactivated(self, event: Deactivated) -> None:
        self.active = False

    @applies(Activated)
    def _activated(self, event: Activated) -> None:
        self.active = True

    @applies(KeyIssued)
    def _key_issued(self, event: KeyIssued) -> None:
        self.keys = {**self.keys, event.key_id: event.expires_at}

    @applies(KeyRevoked)
    def _key_revoked(self, event: KeyRevoked) -> None:
        self.keys = {id: expires_at for id, expires_at in self.keys.items() if id != event.key_id}


class RegisterSource(Command):
    """Register an outside system that will send events."""

    name: Name
    kind: Kind = SourceKind.APPLICATION
    environment: Environment = "production"
    region: Region = "local"

    def handle(self) -> Source:
        registered = Source.Registered(
            name=self.name.strip(), kind=self.kind, environment=self.environment, region=self.region
        )
        return Source.begin(self.id, registered)


class RenameSource(Command):
    """Give a source another name."""

    name: Name

    def handle(self, source: Source) -> None:
        if (name := self.name.strip()) != source.name:
            source.record(Source.Renamed(name=name))


class ChangeSourceUsers(Command):
    """Say which users the events of a source may name: any, or those who are known."""

    users: Users

    def handle(self, source: Source) -> None:
        if self.users is not source.users:
            source.record(Source.UsersChanged(users=self.users))


class DeactivateSource(Command):
    """Take no more events from a source; its keys stay."""

    def handle(self, source: Source) -> None:
        if not source.active:
            raise SourceInactive(field="id")
        source.record(Source.Deactivated())


class ActivateSource(Command):
    """Take events from a source again."""

    def handle(self, source: Source) -> None:
        if source.active:
            raise SourceActive(field="id")
        source.record(Source.Activated())
