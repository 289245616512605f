"""Takes in pages and full loads of connectors, by the door of all events."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.gateway.ingestion import Ingestion
from app.gateway.pace import taken
from app.gateway.pulls.http_pages import HttpPages, Json
from app.gateway.pulls.pulled_items import PulledItems
from domain.gateway.bodies import read_value
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.pull_ports import ConnectorPages, PulledLoad, PulledPage
from domain.gateway.outcomes import EventAnswer, EventStatus, ReceivedEvent
from domain.gateway.sources import INGEST
from domain.kit.caller import SYSTEM, Caller
from domain.kit.log import Log
from domain.kit.process.effects import EffectRefused
from domain.kit.process.files import FileDamaged, FileStore, OpenFile
from domain.kit.refusals import Refusal

MOST_ITEMS = 10_000
"""Items of a full load."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a full load."""
_PAGES = 1_000
"""Pages of a full load."""


class PulledIntake(ConnectorPages):
    """What the tenants of one database pull."""

    def __init__(
        self, pages: HttpPages, items: PulledItems, files: FileStore, intake: Ingestion, log: Log
    ) -> None:
        self._pages, self._items, self._files = pages, items, files
        self._intake, self._log = intake, log

    async def page(
        self,
        tenant_id: UUID,
        connector: Connector,
        cursor: str | None,
        *,
        before: Collection[str],
        page_id: UUID,
        again: bool,
    ) -> PulledPage:
        mark = self._items.mark(connector, cursor)
        if mark in before:
            raise EffectRefused("cursor_repeats")
        page = await self._pages.read(connector, cursor)
        events = [self._items.event(connector, item, connector.id) for item in page.items]
        counts = await self._take(tenant_id, connector, events, pull=page_id, again=again)
        over = not page.items or page.next is None or page.next == cursor
        return PulledPage(cursor=page.next or cursor, over=over, mark=mark, **counts)

    async def load(
        self, tenant_id: UUID, connector: Connector, known: Mapping[str, str], *, run_id: UUID, at: datetime
    ) -> UUID:
        lines = dict[str, bytes]()
        cursor, marks, size = None, set[str](), 0
        while True:
            if (mark := self._items.mark(connector, cursor)) in marks:
                raise EffectRefused("cursor_repeats")
            marks.add(mark)
            page = await self._pages.read(connector, cursor)
            for item in page.items:
                line = self._line(connector, item, known, run_id, at)
                lines[line[0] or f"none {len(lines)}"] = line[1]
                size += len(line[1])
            if len(lines) > MOST_ITEMS or size > _LARGEST or len(marks) > _PAGES:
                raise EffectRefused("load_too_large")
            if not page.items or page.next is None or page.next == cursor:
                break
            cursor = page.next
        for key in known.keys() - lines.keys():
            event = None if connector.gone_type is None else self._items.gone(connector, key, run_id, at)
            lines[key] = _dumped({"gone": True, "event": event})
        return await self._put_aside(tenant_id, run_id, list(lines.values()))

    async def swap(
        self, tenant_id: UUID, connector: Connector, file_id: UUID, *, run_id: UUID, again: bool
    ) -> PulledLoad:
        try:
            file = await self._files.open(tenant_id, file_id)
            if file is None:
                raise EffectRefused("file_gone")
            lines = await asyncio.to_thread(_read, file)
        except FileNotFoundError:
            raise EffectRefused("file_gone") from None
        except FileDamaged:
            raise EffectRefused("file_damaged") from None
        known = {line["key"]: line["digest"] for line in lines if line.get("key") is not None}
        events = [line["event"] for line in lines if line["event"] is not None]
        counts = await self._take(tenant_id, connector, events, pull=run_id, again=again)
        gone = [line for line in lines if "gone" in line]
        counts["duplicates"] += sum(line["event"] is None and "gone" not in line for line in lines)
        return PulledLoad(known=known, gone=len(gone), **counts)

    def _line(
        self, connector: Connector, item: Json, known: Mapping[str, str], run_id: UUID, at: datetime
    ) -> tuple[str | None, bytes]:
        """The key of an item, and its line in what is put aside: with an event, unless it is known as it is."""
        key, digest = self._items.key(connector, item), self._items.digest(item)
        same = key is not None and known.get(key) == digest
        event = None if same else self._items.event(connector, item, run_id, at)
        return key, _dumped({"key": key, "digest": digest, "event": event})

    async def _put_aside(self, tenant_id: UUID, run_id: UUID, lines: Sequence[bytes]) -> UUID:
        async def pieces() -> AsyncIterator[bytes]:
            # The same content is the same file, and of that the time may be over: so each load says its run.
            for line in (_dumped({"run": str(run_id)}), *lines):
                yield line

        stored = await self._files.store(tenant_id, "full load", pieces(), most=2 * _LARGEST)
        return stored.id

    async def _take(
        self, tenant_id: UUID, connector: Connector, events: Sequence[Json], *, pull: UUID, again: bool
    ) -> dict[str, int]:
        """How many were accepted, known already and rejected."""
        by = Caller(tenant_id=tenant_id, user_id=SYSTEM, permissions=frozenset({INGEST}))
        received = [_received(event, pull) for event in events]
        try:
            answers = await taken(self._intake, by, connector.source_id, received)
        except Refusal as refusal:
            raise EffectRefused(refusal.code) from None
        statuses = [answer.status for answer in answers]
        if again:
            statuses = await self._first(tenant_id, answers, pull)
        return {
            "accepted": statuses.count(EventStatus.ACCEPTED),
            "duplicates": statuses.count(EventStatus.DUPLICATE),
            "rejected": statuses.count(EventStatus.REJECTED),
        }

    async def _first(self, tenant_id: UUID, answers: Sequence[EventAnswer], pull: UUID) -> list[EventStatus]:
        """What became of each at first: what a try that was cut off stored is known now, but was accepted."""
        statuses, seen = [], set[int]()
        for answer in answers:
            status, position = answer.status, answer.position
            if status is EventStatus.DUPLICATE and position is not None and position not in seen:
                (stored,) = await self._log.read(after=position - 1, until=position, limit=1)
                ours = json.loads(stored.metadata).get("pull") == str(pull)
                status = EventStatus.ACCEPTED if ours and stored.tenant_id == tenant_id else status
            if position is not None:
                seen.add(position)
            statuses.append(status)
        return statuses


class NoPages(ConnectorPages):
    """Where nothing can be pulled."""

    async def page(self, *given: Any, **named: Any) -> PulledPage:
        raise EffectRefused("unavailable")

    async def load(self, *given: Any, **named: Any) -> UUID:
        raise EffectRefused("unavailable")

    async def swap(self, *given: Any, **named: Any) -> PulledLoad:
        raise EffectRefused("unavailable")


def _received(event: Json, pull: UUID) -> ReceivedEvent:
    received = read_value(event)
    received.pull = pull
    return received


def _dumped(line: Json) -> bytes:
    return json.dumps(line, default=str).encode() + b"\n"


def _read(file: OpenFile) -> list[Json]:
    with file.reader() as reader:
        return [json.loads(line) for line in reader.read().splitlines()[1:]]
