"""Sources and their keys, in tables that are never behind: they decide who may send events."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.sources import Source, SourceKind, SourceUsers
from domain.kit.fields import Describe, Len, Restricted
from projections.kit.declare.folds import STREAM, TIME, carried, stamped
from projections.kit.model import Check, CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class SourceRow(Row):
    """An outside system that sends events."""

    id: Id
    name: Annotated[str, Len(max_length=100), Describe("What it is called.")]
    kind: Annotated[SourceKind, Describe("How it sends what happens there.")]
    active: Annotated[bool, Describe("Whether events are taken from it.")] = True
    environment: Annotated[str, Len(max_length=50), Describe("The environment of its events that name none.")]
    region: Annotated[str, Len(max_length=50), Describe("The region of its events that name none.")]
    created_at: CreatedAt
    updated_at: Annotated[UpdatedAt, Describe("When it last changed; a change of its keys counts.")]
    version: Version
    provider: Annotated[CallbackProvider | None, Describe("Who sends callbacks to it; null: nobody.")] = None
    signature_header: Annotated[
        str, Len(max_length=100), Describe("The header with the HMAC of the body, of `HMAC_SHA256` alone.")
    ] = ""
    provider_webhook_id: Annotated[
        str,
        Len(max_length=300),
        Describe("The id of the webhook at PayPal, or the ARN of the topic of `SES`."),
    ] = ""
    secret: Annotated[
        str, Len(max_length=1500), Restricted(), Describe("What signs callbacks, sealed; empty: nothing.")
    ] = ""
    former_secret: Annotated[
        str, Len(max_length=1500), Restricted(), Describe("What signed them before, sealed; empty: nothing.")
    ] = ""
    secret_set_at: Annotated[
        datetime | None,
        Describe("When that was set by which its callbacks are verified; null: nothing is set."),
    ] = None
    former_secret_until: Annotated[
        datetime | None, Describe("Until when the former secret is good as well; null: there is none.")
    ] = None
    refused_callbacks: Annotated[
        int, Describe("How many callbacks were not signed as they must be; told once an hour at most.")
    ] = 0
    users: Annotated[SourceUsers, Describe("Which users its events may name.")] = SourceUsers.ANY
    callbacks_refused_at: Annotated[datetime | None, Describe("When that was told last.")] = None


class Sources(PostgresView[SourceRow], name="gateway.sources", version=4, inline=True):
    """Every source."""

    collated = {"name": ("name",)}
    checks = (
        Check("valid_source_kind", "kind in ('application', 'stream', 'batch', 'webhook')"),
        Check("valid_source_users", "users in ('any', 'known')"),
    )
    indexes = (
        Index("idx_sources_name", ("name_order", "id")),
        Index("idx_sources_created_at", ("created_at", "id")),
    )

    registered = carried(Source.Registered, first=True)
    renamed = carried(Source.Renamed)
    users_changed = carried(Source.UsersChanged)
    deactivated = carried(Source.Deactivated, active=False)
    activated = carried(Source.Activated, active=True)
    keys_changed = stamped(Source.KeyIssued, Source.KeyRevoked)
    told = carried(Source.CallbacksRefused, callbacks_refused_at=TIME)
    connected = carried(Source.Connected, secret_set_at=TIME, former_secret="", former_secret_until=None)
    rotated = carried(Source.SecretRotated, secret_set_at=TIME)


class SourceKeyRow(Row):
    """A key by which a source is known."""

    id: Annotated[UUID, Describe("The key's id.")]
    source_id: Annotated[UUID, Describe("Whose key it is.")]
    name: Annotated[str, Len(max_length=100), Describe("What it is for.")]
    scopes: Annotated[
        tuple[str, ...],
        Describe("The event types that may be sent with it, each with all that begin so; none: every type."),
    ]
    secret_hash: Annotated[
        str,
        Len(max_length=64),
        Restricted(),
        Describe("The SHA-256 of the whole key, in hexadecimal digits."),
    ]
    created_at: Annotated[datetime, Describe("When it was issued.")]
    expires_at: Annotated[datetime | None, Describe("When it expires; null: never.")]
    revoked_at: Annotated[datetime | None, Describe("When it was revoked; null unless it was.")] = None


class SourceKeys(PostgresView[SourceKeyRow], name="gateway.source_keys", version=1, inline=True):
    """Every key of a source, those that are no longer good too."""

    indexes = (Index("idx_source_keys_source", ("source_id", "created_at", "id")),)

    issued = carried(
        Source.KeyIssued,
        by="key_id",
        first=True,
        source_id=STREAM,
        created_at=TIME,
    )
    revoked = carried(Source.KeyRevoked, by="key_id", revoked_at=TIME)
