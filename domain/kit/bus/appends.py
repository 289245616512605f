"""Appends: what a command decided, as the log takes it."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from domain.kit.bus.drafts import Draft
from domain.kit.bus.requests import Request
from domain.kit.caller import SYSTEM
from domain.kit.clock import Ids
from domain.kit.codec import Codec
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import Append, NewEvent, Reference, Reservation
from domain.kit.privacy.personal import is_secret
from domain.kit.wiring.needs import id_of


class AppendBuilder:
    """Makes appends of drafts, with the digests by which commands are known again."""

    def __init__(self, codec: Codec, ids: Ids, *, source: str, environment: str, region: str) -> None:
        self._codec = codec
        self._ids = ids
        self._source = source
        self._environment = environment
        self._region = region

    async def build(self, request: Request, draft: Draft) -> Append:
        """The append for what a command decided; the keys for its personal fields are fetched first."""
        command, by = request.command, request.by
        references = [
            Reference(field, topic, id)
            for step in command.steps
            for field, topic in step.references
            if (id := id_of(step, field))
        ]
        if draft.personal:
            await self._codec.ready(by.tenant_id, [event for _, event in draft.events])
        return Append(
            tenant_id=by.tenant_id,
            command_id=request.command_id,
            digest=self._digest(request),
            events=tuple([self._new(topic, event, by.tenant_id) for topic, event in draft.events]),
            correlation_id=request.correlation_id,
            causation_id=request.causation_id,
            user_id=None if by.user_id == SYSTEM else by.user_id,
            session_id=by.session_id,
            source=self._source,
            environment=self._environment,
            region=self._region,
            metadata=msgspec.json.encode({**request.metadata, "command": command.stored_as}),
            references=(*references, *draft.references),
            guards=tuple(draft.guards),
            reserves=self._claimed(draft.reserves),
            releases=self._claimed(draft.releases),
        )

    def known_digests(self, request: Request) -> tuple[bytes, ...]:
        """Those under which a command that was carried out before is known as the same."""
        # What was stored before digests named the caller, or its fields were called personal, has the bare one.
        bare = request.command.digest
        return self._digest(request), self._guarded(request.command, bare), bare

    def _digest(self, request: Request) -> bytes:
        """By what the same command of the same caller is known; what is another's is not told to anybody."""
        digest = hashlib.sha256(request.command.digest + request.by.user_id.bytes).digest()
        return self._guarded(request.command, digest)

    def _guarded(self, command: Command, digest: bytes) -> bytes:
        """The digest; a keyed one where a bare one would confirm to somebody what they guess."""
        if not is_secret(type(command)):
            return digest
        return bytes.fromhex(self._codec.fingerprint("command", digest.hex()))

    def _claimed(self, reservations: Sequence[Reservation]) -> tuple[Reservation, ...]:
        """Of what is personal only the fingerprint is stored."""
        return tuple(
            [
                replace(held, value=self._codec.fingerprint(held.name, held.value)) if held.personal else held
                for held in reservations
            ]
        )

    def _new(self, topic: str, event: Event, tenant_id: UUID) -> NewEvent:
        return NewEvent(
            event_id=self._ids.new(),
            topic=topic,
            originator_id=event.originator_id,
            originator_version=event.originator_version,
            type=event.stored_as,
            version=event.class_version,
            timestamp=event.timestamp,
            payload=self._codec.encode(event, tenant_id=tenant_id),
            ends=event.ends,
        )
