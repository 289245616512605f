"""A worker that runs the processes of privacy and is killed in the middle of something.

``python -m tests.privacy.child`` takes its settings from the environment and reads lines from stdin: ``2 performed
do sweep`` runs a worker that kills itself the second time it gives notice of that, ``0`` one that works until all
is done. Besides the runner's own notices there are ``sent EndSession`` for each command that was
carried out, and ``destroyed`` for each key.
"""

from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from app.contexts import VIEWS
from app.keys import Destroyed, KeyRing, SealingCodec, opened_ring
from app.log.postgres import PostgresLog
from app.privacy.factory import privacy_processes
from app.processes.effect_attempts import Notice
from app.settings import read_settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Refusal
from projections.kit.declare.postgres import PostgresView
from projections.kit.follow.inline import Inline
from projections.kit.store.postgres_store import PostgresStore
from tests.kit.process_worker import drain, forked, kills


class NoticedBus(Bus):
    """Gives notice of each command that was carried out."""

    notice: Notice

    async def send(self, command: Command, **named: Any) -> AppendReceipt | Refusal:
        """See the bus."""
        outcome = await super().send(command, **named)
        self.notice("sent", type(command).__name__)
        return outcome


class NoticedKeys(KeyRing):
    """Gives notice of each key that was destroyed."""

    notice: Notice

    async def destroy(self, tenant_id: UUID, subject: UUID) -> Destroyed:
        """See the ring."""
        destroyed = await super().destroy(tenant_id, subject)
        self.notice("destroyed", "")
        return destroyed


async def work(line: str) -> None:
    """Run the processes until there is nothing left to do."""
    number, _, text = line.partition(" ")
    notice = kills(int(number), counts=lambda point, what: f"{point} {what}".strip() == text)
    settings = read_settings()
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secret=settings.secret)
        stack.push_async_callback(database.close)
        ring = await stack.enter_async_context(opened_ring(settings, database))
        ring.__class__ = NoticedKeys
        ring.notice = notice  # type: ignore[attr-defined]
        codec = SealingCodec(ring)

        def store(view: PostgresView[Any], generation: int) -> PostgresStore[Any]:
            return PostgresStore(type(view), database.writer, database.owner, generation, ring)

        views = [view() for view in VIEWS if issubclass(view, PostgresView) and view.inline]
        log = PostgresLog(database, inline=Inline(views, codec, store))
        stack.push_async_callback(log.close)
        bus = NoticedBus(log, codec, SystemClock(), TimeOrderedIds())
        bus.notice = notice
        processes = await stack.enter_async_context(
            privacy_processes(settings, database=database, bus=bus, codec=codec, keys=ring)
        )
        await drain(processes, database=database, log=log, codec=codec, bus=bus, notice=notice)


if __name__ == "__main__":
    forked(work)
