"""What the tests of exports say often: somebody who has events written, and what happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.files.store import ObjectFiles
from app.gateway.exports.event_files import StoredEventFiles
from domain.gateway.exports.event_export_runs import EventExportRun, EventExportTerms, WrittenEvents
from domain.gateway.exports.event_exports import ExportFormat
from domain.governance.erasures import CertifyErasure, RequestErasure, erasure_id
from domain.identity.authorization import BaseRole
from domain.identity.user_commands import ChangeUserRole
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.process.files import StoredFile
from projections.gateway.events import OutsideEvents
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions
from tests.domain.sending import accepted
from tests.gateway.sending import Json
from tests.kit.at_work import AtWork
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product


async def employed(product: Product, bus: Bus, role: str, like: Client | None = None) -> Client:
    """Somebody who has this role by what is stored too, for that is what counts when a file is written."""
    client = await product.newcomer("Ada", role=role, tenant=like.tenant if like else None)
    by = Caller(tenant_id=client.tenant, user_id=uuid4(), permissions=ROLES["owner"])
    await accepted(bus, ChangeUserRole(id=client.user, role=BaseRole(role)), by=by)
    return client


async def exported(client: Client, source: str, **given: Any) -> tuple[Json, bytes]:
    """An export once it is over, and its file."""
    asked = {"sourceId": source, "since": "2020-01-01T00:00:00Z", "format": "NDJSON", **given}
    receipt = await client.send("StartEventExport", input=asked)
    assert "eventExport" in receipt, receipt
    found: Json = {}

    async def over() -> bool:
        found.update(await client.send("EventExport", id=receipt["eventExport"]["id"]))
        return bool(found["status"] != "RUNNING")

    await until(over)
    url = found["fileUrl"]
    return found, (await client.http.get(url)).content if url else b""


async def nothing() -> None:
    """Nothing happens."""


@dataclass
class Happening:
    """What happens while a file is written."""

    counted: Callable[[], Awaitable[None]] = nothing
    """Once the events were counted."""
    read: Callable[[], Awaitable[None]] = nothing
    """Once the first of them were read."""
    stored: Callable[[], Awaitable[None]] = nothing
    placed: bool = False
    """Whether there was a file."""


class Files(ObjectFiles):
    """Files in which something happens."""

    happening: Happening

    async def store(
        self, tenant_id: UUID, name: str, pieces: AsyncIterator[bytes], *, most: int
    ) -> StoredFile:
        async def told() -> AsyncIterator[bytes]:
            async for piece in pieces:
                yield piece
                await self.happening.read()

        stored = await super().store(tenant_id, name, told(), most=most)
        self.happening.placed = True
        await self.happening.stored()
        return stored


class Rows(PostgresRows):
    """Views that go on."""

    happening: Happening

    async def count(self, view: Any, tenant_id: UUID, *given: Any, **more: Any) -> int:
        found = await super().count(view, tenant_id, *given, **more)
        if view is OutsideEvents:
            await self.happening.counted()
        return found


@dataclass
class Writer:
    """Writes the events of a source at once."""

    work: AtWork
    product: Product
    client: Client
    files: Files
    positions: Positions

    async def written(
        self, source: str, happening: Happening, in_all: int = 1 << 30, *, export_id: UUID | None = None
    ) -> WrittenEvents | None:
        """What is written while something happens; None: nothing, as it was paused or cancelled."""
        rows = Rows(self.work.database, self.work.live)
        rows.happening = self.files.happening = happening
        files = StoredEventFiles(
            self.files,
            rows,
            self.positions,
            self.work.writes.ring,
            masking=False,
            most=1 << 30,
            in_all=in_all,
        )
        now = datetime.now(UTC)
        terms = EventExportTerms(
            export_id=export_id or uuid4(),
            source_id=UUID(source),
            since=now - timedelta(days=1),
            until=now + timedelta(hours=1),
            format=ExportFormat.NDJSON,
            started_by=self.client.user,
            position=await self.work.writes.log.head(),
        )
        # A task of its own, which can be cancelled.
        return await asyncio.ensure_future(files.write(self.client.tenant, terms))

    async def waiting(self, source: str, *, exports: int = 1) -> list[str]:
        """The ids of exports of a source that wait ten minutes for the next try."""
        erasure = await self.erasing()
        asked = {"sourceId": source, "since": "2020-01-01T00:00:00Z", "format": "CSV"}
        receipts = [await self.client.send("StartEventExport", input=asked) for _ in range(exports)]
        for _ in range(2 * exports):
            await self.work.idle(EventExportRun, self.client.tenant)
            self.work.clock.ahead += timedelta(seconds=70)
        await self.work.idle(EventExportRun, self.client.tenant)
        await self.certified(erasure)
        return [receipt["eventExport"]["id"] for receipt in receipts]

    async def erasing(self) -> UUID:
        """The id of an erasure of somebody that has begun."""
        whom = uuid4()
        await accepted(
            self.work.writes.bus, RequestErasure(id=erasure_id(whom), subject_id=whom), by=self._owner()
        )
        return erasure_id(whom)

    async def certified(self, erasure: UUID) -> None:
        """An erasure comes to its end."""
        looked: dict[str, Any] = dict.fromkeys(("stores", "places", "sealed", "hashes", "keys"), ())
        certify = CertifyErasure(id=erasure, **looked, position=1, sha256="0" * 64)
        await accepted(self.work.writes.bus, certify, by=self._owner())

    async def erased(self) -> None:
        """Somebody is erased, from the beginning to the end."""
        await self.certified(await self.erasing())

    def _owner(self) -> Caller:
        return Caller(tenant_id=self.client.tenant, user_id=uuid4(), permissions=ROLES["owner"])


async def stopped() -> None:
    """The worker ends."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
