"""Sources and their keys; a key itself is told once, when it is issued."""

import hashlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import (
    Info,
    Node,
    Refusal,
    Resource,
    Sending,
    Sent,
    argument,
    bad_argument,
    covered,
    field,
    headed,
    shows,
)
from domain.gateway import source_connections as connections
from domain.gateway import sources as domain
from domain.gateway.admission import source_keys
from domain.gateway.callbacks.paths import callback_path
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.source_connections import checked_secret
from domain.kit.commands import Command
from projections.gateway.recent_hours import HOUR, MOST_HOURS, RecentHoursReader, SourceHourRow
from projections.gateway.source_key_uses import SourceKeyUses
from projections.gateway.source_quality import SourceQualities
from projections.gateway.sources import SourceKeyRow, SourceKeys, SourceRow, Sources
from projections.gateway.webhook_deliveries import WebhookDesk
from projections.kit.read.keyset import Order


@shows(SourceKeyRow, needs="gateway:read", leave_out=("source_id",))
class SourceKey(Node):
    """A key by which a source is known. The secret itself is not stored."""

    @field(
        "When an event that was sent with it last came in, accepted or rejected, to the minute; null: none has.",
        datetime | None,
        needs="gateway:read",
    )
    async def last_used_at(self, info: Info) -> datetime | None:
        ask, id = info.context, self.id
        at = ask.moment(info)
        used = await (ask.row(SourceKeyUses, id) if at is None else ask.past.row(SourceKeyUses, (id,), at))
        return None if used is None else used.used_at


@shows(SourceHourRow, needs="gateway:read")
class SourceHour:
    """What became of the events of a source that were received in an hour."""


@shows(SourceRow, needs="gateway:read")
class Source(Node):
    """An outside system that sends events."""

    kind: domain.SourceKind
    signature_header: str | None
    provider_webhook_id: str | None

    keys = headed(
        SourceKey,
        SourceKeys,
        "source_id",
        order=Order("created_at", descending=True),
        description="Its keys, the newest first, those that are no longer good too.",
    )

    @field(
        "Where its provider sends callbacks, as a path of this installation; null for other kinds of sources.",
        str | None,
        needs="gateway:read",
    )
    async def callback_path(self, info: Info) -> str | None:
        id: UUID = self.id
        webhook = self.kind is domain.SourceKind.WEBHOOK
        return callback_path(info.context.caller.tenant_id, id) if webhook else None

    @field(
        "How many of its events were accepted and rejected in this hour and in those before, the last first, as "
        "they come in. What is sent again is counted once. Null in the past.",
        list[SourceHour] | None,
        needs="gateway:read",
    )
    async def recent_hours(
        self,
        info: Info,
        first: Annotated[int, argument(f"How many hours, this one included; at most {MOST_HOURS}.")] = 2,
    ) -> list[SourceHourRow] | None:
        if not 1 <= first <= MOST_HOURS:
            raise bad_argument(f"`first` is 1 to {MOST_HOURS}.", "first", minimum=1, maximum=MOST_HOURS)
        ask, id = info.context, self.id
        if ask.moment(info) is not None:
            return None
        await ask.caught_up(SourceQualities, None)
        found = await ask.batched(ask.port(RecentHoursReader).of, id)
        counted = {row.hour: row for row in found}
        this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        shown = [this - back * HOUR for back in range(first)]
        return [counted.get(hour) or SourceHourRow(hour=hour) for hour in shown]


_sources = Resource(Source, Sources, read="gateway:read", write="gateway:write")
_keys = Resource(SourceKey, SourceKeys, read="gateway:read")


@covered
@strawberry.type(
    description="The receipt of a source's new key, with the key itself, which is never shown again."
)
class NewSourceKeyReceipt(_sources.receipt):  # type: ignore[misc,name-defined]
    """A receipt that holds a secret."""

    key: str = strawberry.field(description="The key itself. Store it safely: it cannot be read again.")
    key_id: UUID = strawberry.field(
        description="The key's id, for `revokeSourceKey` and `keys` of the source."
    )


async def _issue(sending: Sending) -> Sent | Refusal:
    id = sending.command_id
    key = f"hw_{sending.ask.caller.tenant_id.hex}_{id.hex}_{secrets.token_urlsafe(32)}"
    # Sent again, the same command id is refused: the secret would be another, and nobody has the first.
    hashed = hashlib.sha256(key.encode()).hexdigest()
    command = await sending.command(source_keys.IssueSourceKey, key_id=id, secret_hash=hashed)
    return await sending.send(command, key=key, key_id=id)


async def _connect(sending: Sending) -> Sent | Refusal:
    return await _sealed(sending, connections.ConnectSource, sending.input.provider)


async def _rotate(sending: Sending) -> Sent | Refusal:
    source = await sending.ask.row(Sources, sending.input.id)
    provider = None if source is None else source.provider
    return await _sealed(sending, connections.RotateSourceSecret, provider)


async def _sealed(
    sending: Sending, command: type[Command], provider: CallbackProvider | None
) -> Sent | Refusal:
    """What comes of a command with the secret of its input, which goes no further than here as it was sent."""
    given = sending.input
    if given.secret is not strawberry.UNSET and given.secret:
        secret = checked_secret(given.secret, provider)
        sealed = sending.ask.port(WebhookDesk).secrets.seal(given.id, secret)
        sending = replace(sending, input=replace(given, secret=sealed))
    return await sending.send(await sending.command(command))


@strawberry.type
class Query:
    source = _sources.by_id("A source of events by id.")
    sources = _sources.list("The tenant's sources of events, by pages.")


@strawberry.type
class Mutation:
    register_source = _sources.mutation(domain.RegisterSource)
    rename_source = _sources.mutation(domain.RenameSource)
    change_source_users = _sources.mutation(domain.ChangeSourceUsers)
    deactivate_source = _sources.mutation(domain.DeactivateSource)
    activate_source = _sources.mutation(domain.ActivateSource)
    connect_source = _sources.mutation(connections.ConnectSource, send=_connect)
    rotate_source_secret = _sources.mutation(connections.RotateSourceSecret, send=_rotate)
    issue_source_key = _sources.mutation(
        source_keys.IssueSourceKey,
        send=_issue,
        leave_out=("key_id", "secret_hash"),
        receipt=NewSourceKeyReceipt,
    )
    revoke_source_key = _sources.mutation(source_keys.RevokeSourceKey)
