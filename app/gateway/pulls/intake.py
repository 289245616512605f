"""Takes in pages and full loads of connectors, by the door of all events."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.files.quotas import FilesFull, store_within
from app.gateway.ingestion import Ingestion
from app.gateway.pulls.http_pages import HttpPage, HttpPages, Json
from app.gateway.pulls.pulled_items import PulledItems
from app.gateway.pulls.returning_items import ReturningItems
from app.gateway.worker_intake import taken, was_stored
from app.imports.opened_files import files_reached, opened
from domain.gateway.bodies import read_value
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.pull_ports import ConnectorPages, PulledLoad, PulledPage
from domain.gateway.outcomes import EventAnswer, EventStatus, ReceivedEvent
from domain.gateway.sources import INGEST
from domain.kit.caller import SYSTEM, Caller
from domain.kit.imports.json_objects import repeated_in, repeating
from domain.kit.log import Log
from domain.kit.process.effects import EffectRefused
from domain.kit.process.files import FileStore, FileTooLarge, OpenFile

MOST_IN_LOAD = 10_000
"""Items of a full load."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a full load."""
_PAGES = 1_000
"""Pages of a full load."""


class PulledIntake(ConnectorPages):
    """What the tenants of one database pull."""

    def __init__(
        self,
        pages: HttpPages,
        items: PulledItems,
        files: FileStore,
        intake: Ingestion,
        log: Log,
        *,
        most_files: int,
    ) -> None:
        """``most_files``: bytes of all files of a tenant."""
        self._pages, self._items, self._files = pages, items, files
        self._intake, self._log, self._most_files = intake, log, most_files
        self._returning = ReturningItems(items, log)

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
        content = await self._content(connector, page, before)
        events = await self._returning.events(tenant_id, connector, page.items)
        counts = await self._take(tenant_id, connector, events, pull=page_id, again=again)
        return PulledPage(
            cursor=page.next or cursor,
            over=page.over,
            mark=mark,
            content=content,
            fresh=counts.fresh,
            accepted=counts.accepted,
            duplicates=counts.duplicates,
            rejected=counts.rejected,
        )

    async def load(
        self,
        tenant_id: UUID,
        connector: Connector,
        known: Mapping[str, str],
        *,
        run_id: UUID,
        load_id: UUID,
        at: datetime,
    ) -> UUID:
        def read(items: Sequence[Json]) -> list[tuple[str | None, bytes]]:
            return [self._line(connector, item, known, load_id, at) for item in items]

        def gone(keys: Iterable[str]) -> list[bytes]:
            events = (
                None if connector.gone_type is None else self._items.gone(connector, key, load_id, at)
                for key in keys
            )
            return [_dumped({"gone": True, "event": event}) for event in events]

        lines = dict[str, bytes]()
        cursor, marks, size, pages = None, set[str](), 0, 0
        while True:
            if (mark := self._items.mark(connector, cursor)) in marks:
                raise EffectRefused("cursor_repeats")
            marks.add(mark)
            page = await self._pages.read(connector, cursor)
            marks.add(await self._content(connector, page, marks))
            pages += 1
            for key, line in await asyncio.to_thread(read, page.items):
                lines[key or f"none {len(lines)}"] = line
                size += len(line)
            if len(lines) > MOST_IN_LOAD or size > _LARGEST or pages > _PAGES:
                raise EffectRefused("load_too_large")
            if page.over:
                break
            cursor = page.next
        missing = await asyncio.to_thread(gone, known.keys() - lines.keys())
        return await self._put_aside(tenant_id, run_id, [*lines.values(), *missing])

    async def swap(
        self, tenant_id: UUID, connector: Connector, file_id: UUID, *, load_id: UUID, again: bool
    ) -> PulledLoad:
        file = await opened(self._files, tenant_id, file_id)
        with files_reached():
            lines = await asyncio.to_thread(_read, file)
        known = {line["key"]: line["digest"] for line in lines if line.get("key") is not None}
        events = (
            (repeating(line["event"], line["repeated"]) if "repeated" in line else line["event"], None)
            for line in lines
            if line["event"] is not None
        )
        counts = await self._take(tenant_id, connector, events, pull=load_id, again=again)
        same = sum(line["event"] is None and "gone" not in line for line in lines)
        return PulledLoad(
            known=known,
            gone=sum("gone" in line for line in lines),
            accepted=counts.accepted,
            duplicates=counts.duplicates + same,
            rejected=counts.rejected,
        )

    async def discard(self, tenant_id: UUID, file_id: UUID) -> None:
        with files_reached():
            await self._files.remove(tenant_id, file_id)

    async def _content(self, connector: Connector, page: HttpPage, before: Collection[str]) -> str:
        """A fingerprint of what a page holds. Raises EffectRefused where one before held it: there is no end to
        such pages, but of tools, whose pages are known to go on."""
        if not page.items or connector.tool is not None:
            return ""
        content = (await asyncio.to_thread(self._items.digest, [connector.round, page.items]))[:16]
        if content in before and not page.over:
            raise EffectRefused("page_repeats")
        return content

    def _line(
        self, connector: Connector, item: Json, known: Mapping[str, str], load_id: UUID, at: datetime
    ) -> tuple[str | None, bytes]:
        """The key of an item, and its line in what is put aside: with an event, unless it is known as it is."""
        key, digest = self._items.key(connector, item), self._items.digest(item)
        same = key is not None and known.get(key) == digest
        event = None if same else self._items.event(connector, item, load_id, at)
        line = {"key": key, "digest": digest, "event": event}
        # An object that is written and read again says each member once.
        repeated = None if event is None else repeated_in(event)
        return key, _dumped(line if repeated is None else {**line, "repeated": repeated})

    async def _put_aside(self, tenant_id: UUID, run_id: UUID, lines: Sequence[bytes]) -> UUID:
        async def pieces() -> AsyncIterator[bytes]:
            # The same content is the same file, and of that the time may be over: so each load says its run.
            for line in (_dumped({"run": str(run_id)}), *lines):
                yield line

        files, most = self._files, 2 * _LARGEST
        try:
            with files_reached():
                stored = await store_within(
                    files, tenant_id, "full load", pieces(), most=most, in_all=self._most_files
                )
        except FilesFull:
            raise EffectRefused("files_full") from None
        except FileTooLarge:
            raise EffectRefused("load_too_large") from None
        return stored.id

    async def _take(
        self,
        tenant_id: UUID,
        connector: Connector,
        events: Iterable[tuple[Json, str | None]],
        *,
        pull: UUID,
        again: bool,
    ) -> "_Taken":
        by = Caller(tenant_id=tenant_id, user_id=SYSTEM, permissions=frozenset({INGEST}))
        # Others have their turn.
        received = await asyncio.to_thread(
            lambda: [self._received(connector, event, pull, after) for event, after in events]
        )
        answers = await taken(self._intake, by, connector.source_id, received)
        found, seen = _Taken(), set[int | UUID | None]()
        for event, answer in zip(received, answers, strict=True):
            name = answer.letter_id if answer.position is None else answer.position
            first = name not in seen
            seen.add(name)
            ours = again and first and await self._is_ours(tenant_id, answer, event)
            found.count(answer, ours=ours)
        return found

    def _received(self, connector: Connector, event: Json, pull: UUID, after: str | None) -> ReceivedEvent:
        received = read_value(event)
        received.pull, received.after = pull, after
        received.version = self._items.known_by(connector, event)
        return received

    async def _is_ours(self, tenant_id: UUID, answer: EventAnswer, event: ReceivedEvent) -> bool:
        """Whether what is known already was stored by a try of the same that was cut off."""
        position = answer.position if answer.status is EventStatus.DUPLICATE else answer.kept_at
        return await was_stored(self._log, tenant_id, position, event.origin)


@dataclass(slots=True)
class _Taken:
    """What became of items."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    fresh: bool = False
    """Whether any of them is new in the log."""

    def count(self, answer: EventAnswer, *, ours: bool) -> None:
        """Count an item; ``ours``: what it was known by was stored by a try of the same that was cut off."""
        rejected = answer.status is EventStatus.REJECTED
        known = answer.status is EventStatus.DUPLICATE or answer.kept_at is not None
        if known and not ours:
            self.duplicates += 1
            return
        self.accepted += not rejected
        self.rejected += rejected
        self.fresh = self.fresh or not rejected or answer.letter_id is not None


class NoPages(ConnectorPages):
    """Where nothing can be pulled."""

    async def page(self, *given: Any, **named: Any) -> PulledPage:
        raise EffectRefused("unavailable")

    async def load(self, *given: Any, **named: Any) -> UUID:
        raise EffectRefused("unavailable")

    async def swap(self, *given: Any, **named: Any) -> PulledLoad:
        raise EffectRefused("unavailable")

    async def discard(self, *given: Any, **named: Any) -> None:
        raise EffectRefused("unavailable")


def _dumped(line: Json) -> bytes:
    return json.dumps(line, default=str).encode() + b"\n"


def _read(file: OpenFile) -> list[Json]:
    with file.reader() as reader:
        return [json.loads(line) for line in reader.read().splitlines()[1:]]
