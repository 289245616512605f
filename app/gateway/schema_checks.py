"""Checks events by the schemas that tenants registered, and by those that are there from the start."""

import asyncio
import re
from collections.abc import Collection, Mapping
from uuid import UUID

from cachetools import LRUCache

from domain.gateway.checks import EventChecks
from domain.gateway.envelope import IncomingEvent
from domain.gateway.outcomes import EventViolation
from domain.gateway.schemas.built_in import BUILT_IN, built_in
from domain.gateway.schemas.compiled import HELD, CompiledSchema
from domain.gateway.schemas.searchable import Searchable, searchable_values
from domain.kit.refusals import ViolationCode
from projections.gateway.event_schemas import SchemaReader
from projections.kit.shared_reads import SharedReads

MOST_TYPES = 20_000
"""Types of all tenants together whose versions are kept in mind between `ready` and `check`."""

_NUMBER = re.compile("[0-9]{1,9}")
_NAME = re.compile("[A-Za-z0-9_.]{1,100}")
_ALWAYS = {name: CompiledSchema(schema) for name, schema in BUILT_IN.items()}


class SchemaChecks(EventChecks):
    """The version of a schema by which an event is checked is the number with which its version begins, and the
    newest where it names none. Versions never change, so each is compiled once."""

    def __init__(self, reader: SchemaReader, *, held: int = HELD) -> None:
        self._reader = reader
        self._reads = SharedReads(self._ready)
        self._compiled: LRUCache[UUID, CompiledSchema] = LRUCache(
            held, getsizeof=lambda schema: schema.weight
        )
        self._versions: LRUCache[tuple[UUID, str], Mapping[int, UUID]] = LRUCache(MOST_TYPES)
        self._names: LRUCache[tuple[UUID, str], str] = LRUCache(MOST_TYPES)

    async def ready(self, tenant_id: UUID, types: Collection[str]) -> None:
        # What is sent in place of a type may be any text; such an event is rejected before it is checked.
        await self._reads.get((tenant_id, frozenset(name for name in types if _NAME.fullmatch(name))))

    async def _ready(self, key: tuple[UUID, frozenset[str]]) -> None:
        tenant_id, names = key
        canonical = dict[str, str]()
        numbers: dict[str, dict[int, UUID]] = {name: {} for name in names}
        for version in await self._reader.versions(tenant_id, numbers):
            numbers[version.name][version.number] = version.id
            canonical[version.name] = version.type
        ids = {id for known in numbers.values() for id in known.values()}
        missing = [id for id in ids if id not in self._compiled]
        for id, schema in (await self._reader.of_versions(tenant_id, missing)).items():
            compiled = CompiledSchema(schema)
            if compiled.weight <= self._compiled.maxsize:
                self._compiled[id] = compiled
            # Compiling takes milliseconds; others have their turn.
            await asyncio.sleep(0)
        for name, known in numbers.items():
            self._names[tenant_id, name] = type = canonical.get(name, name)
            # Versions only become more: one who began earlier may come later.
            if max(known, default=0) >= (self.newest(tenant_id, type) or 0):
                self._versions[tenant_id, type] = known

    def known_as(self, tenant_id: UUID, name: str) -> str:
        return self._names.get((tenant_id, name), name)

    def newest(self, tenant_id: UUID, type: str) -> int | None:
        return max(self._versions.get((tenant_id, type), {}), default=None)

    def searchable(self, tenant_id: UUID, event: IncomingEvent) -> Searchable | None:
        compiled = self._own(tenant_id, event)
        if compiled is None or not compiled.searchable:
            return None
        data = {"payload": event.payload, "metadata": event.metadata}
        return searchable_values(compiled.searchable, data) or None

    def declared(self, tenant_id: UUID, event: IncomingEvent) -> tuple[int, int]:
        compiled = self._own(tenant_id, event)
        if compiled is None:
            return 0, 0
        payload, metadata = compiled.declared
        there = len(payload & event.payload.keys()) + len(metadata & event.metadata.keys())
        return there, len(payload) + len(metadata)

    def _own(self, tenant_id: UUID, event: IncomingEvent) -> CompiledSchema | None:
        """The tenant's schema by which an event is checked; what is there from the start says no more of it."""
        numbers = self._versions.get((tenant_id, event.type))
        if not numbers:
            return None
        named = _asked(event.version)
        return self._compiled.get(numbers[max(numbers) if named is None else named])

    def check(self, tenant_id: UUID, event: IncomingEvent) -> list[EventViolation]:
        numbers = self._versions.get((tenant_id, event.type), {})
        if numbers:
            named = _asked(event.version)
            number = max(numbers) if named is None else named
            if number not in numbers:
                message = f"There is no version {number} of the schema of {event.type}."
                return [EventViolation("schema", ViolationCode.UNSUITABLE, ("version",), message)]
            compiled = self._compiled.get(numbers[number])
            if compiled is None:
                message = "More schemas are needed at once than can be at hand; send fewer types together."
                return [EventViolation("schema", ViolationCode.TOO_MANY, ("eventType",), message)]
        else:
            known = built_in(event.type)
            if known is None:
                return []
            compiled = _ALWAYS[known]
        data = {"payload": event.payload, "metadata": event.metadata}
        return [
            EventViolation("schema", found.code, place, f"{'.'.join(map(str, place))}: {found.message}")
            for found in compiled.check(data)
            for place in [("data", *found.place)]
        ]


def _asked(version: str | None) -> int | None:
    """The version of the schema that an event names."""
    found = _NUMBER.match(version or "")
    return int(found[0]) if found else None
