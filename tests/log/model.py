"""What the log ought to decide, written as plainly as can be: the whole log in three dictionaries."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.kit.log import (
    GLOBAL,
    Append,
    AppendReceipt,
    Conflict,
    Guard,
    Missing,
    Outcome,
    Reservation,
    Reused,
    Taken,
)


@dataclass
class Stream:
    topic: str
    version: int = 0
    ended: bool = False


@dataclass
class Model:
    """Decides one command after another."""

    head: int = 0
    streams: dict[tuple[UUID, UUID], Stream] = field(default_factory=dict)
    commands: dict[tuple[UUID, UUID], tuple[AppendReceipt, bytes]] = field(default_factory=dict)
    holders: dict[tuple[UUID, str, str], tuple[UUID, UUID]] = field(default_factory=dict)

    def copy(self) -> "Model":
        """A model that goes its own way from here."""
        streams = {key: replace(stream) for key, stream in self.streams.items()}
        return Model(self.head, streams, dict(self.commands), dict(self.holders))

    def append(self, append: Append) -> Outcome:
        tenant = append.tenant_id
        if known := self.commands.get((tenant, append.command_id)):
            receipt, digest = known
            if digest != append.digest:
                return Reused(append.command_id)
            return AppendReceipt(append.command_id, receipt.first, receipt.last, repeated=True)
        if refused := self._refuses(append):
            return refused
        begun = {
            (event.topic, event.originator_id) for event in append.events if event.originator_version == 1
        }
        for reference in append.references:
            stream = self.streams.get((tenant, reference.id))
            lives = stream is not None and stream.topic == reference.topic and not stream.ended
            if not lives and (reference.topic, reference.id) not in begun:
                return Missing(reference)
        released = {
            key
            for hold in append.releases
            if self.holders.get(key := self._key(hold, tenant)) == (tenant, hold.originator_id)
        }
        for hold in append.reserves:
            holder = self.holders.get(self._key(hold, tenant))
            if holder not in (None, (tenant, hold.originator_id)) and self._key(hold, tenant) not in released:
                return Taken(hold)
        for key in released:
            del self.holders[key]
        for hold in append.reserves:
            self.holders[self._key(hold, tenant)] = (tenant, hold.originator_id)
        for event in append.events:
            stream = self.streams.setdefault((tenant, event.originator_id), Stream(event.topic))
            stream.version, stream.ended = event.originator_version, event.ends
        receipt = AppendReceipt(append.command_id, self.head + 1, self.head + len(append.events))
        self.head = receipt.last
        self.commands[tenant, append.command_id] = receipt, append.digest
        return receipt

    def _refuses(self, append: Append) -> Conflict | None:
        seen: set[UUID] = set()
        for event in append.events:
            stream = self.streams.get((append.tenant_id, event.originator_id), Stream(event.topic))
            stands = (stream.version + 1, stream.topic, stream.ended)
            if event.originator_id not in seen and stands != (event.originator_version, event.topic, False):
                return Conflict(event.originator_id)
            seen.add(event.originator_id)
        for guard in append.guards:
            if self._version(append.tenant_id, guard) != guard.version:
                return Conflict(guard.originator_id)
        return None

    def _version(self, tenant: UUID, guard: Guard) -> int:
        stream = self.streams.get((tenant, guard.originator_id))
        return 0 if stream is None else stream.version

    def _key(self, hold: Reservation, tenant: UUID) -> tuple[UUID, str, str]:
        return (GLOBAL if hold.everywhere else tenant, hold.name, hold.value)
