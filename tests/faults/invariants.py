"""What must hold after any faults: the log is whole, the views are its folds, and no promise is broken."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec

from app.contexts import VIEWS
from app.keys import opened_ring
from app.log.postgres import PostgresLog
from app.log.verify import verify
from app.log.view_counts import view_counts
from app.settings import Settings
from app.storage.database import Database
from domain.kit.codec import PlainCodec
from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.sealed import Opening
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.view import FullKey, RowChanges, View
from projections.kit.store.decrypted_fields import opened, opened_fields
from projections.kit.store.generations import live_generations
from projections.work.tasks import Tasks
from tests.faults.journal import Journal
from tests.faults.reading import Decode, stored

_MOST = 5
"""Examples of one kind that a finding names."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The log as it is, and what follows from it."""

    events: list[tuple[Event, Envelope]]
    rows: dict[str, dict[FullKey, Any]]
    """The fold of the whole log by view. Rows differ in type, hence Any."""

    def positions(self, tenant: UUID, after: int) -> list[int]:
        """What whoever watches all events of a tenant has to see."""
        return [
            envelope.position
            for _, envelope in self.events
            if envelope.tenant_id == tenant and envelope.position > after
        ]

    def task_changes(self, tenant: UUID, after: int) -> list[int]:
        """What whoever watches all tasks of a tenant has to see."""
        view = Tasks()
        own = [pair for pair in self.events if pair[1].tenant_id == tenant and pair[1].position > after]
        return [envelope.position for event, envelope in own for _ in view.touched(event, envelope)]


async def read_truth(settings: Settings) -> Truth:
    """Read the whole log and fold every view in memory."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    try:
        decode = PlainCodec().decode
        events = [
            (decode(envelope), envelope)
            async for page in PostgresLog(database).copy_out()
            for envelope in page
        ]
        async with opened_ring(settings, database) as ring:
            rows = {view.name: await _folded(view(), events, ring) for view in VIEWS}
    finally:
        await database.close()
    return Truth(events, rows)


async def _folded(
    view: View[Any], events: list[tuple[Event, Envelope]], opening: Opening
) -> dict[FullKey, Any]:
    changes: RowChanges[Any] = fold(view, {}, events)
    if isinstance(view, PostgresView):
        changes = await opened(opened_fields(view.row), changes, opening)
    # By way of JSON, as every store keeps it: what is of any type comes back as one that JSON has.
    decode: Decode = msgspec.json.Decoder(view.row).decode
    rows = {full: row for full, row in changes.items() if row is not None}
    return {full: decode(msgspec.json.encode(row)) for full, row in rows.items()}


async def log_findings(settings: Settings) -> list[str]:
    """What ``headwater log verify`` says."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    try:
        verdict = await verify(database, checks=(view_counts,))
    finally:
        await database.close()
    return [f"log: {finding.check}: {finding.detail}" for finding in verdict.findings]


def command_findings(truth: Truth, journal: Journal, tenants: set[UUID]) -> list[str]:
    """Every acknowledged command stands in the log where its receipt says, once; no other of a person does."""
    at: dict[UUID, list[int]] = defaultdict(list)
    by_nobody: set[UUID] = set()
    for _, envelope in truth.events:
        if envelope.tenant_id in tenants:
            at[envelope.command_id].append(envelope.position)
            if envelope.user_id is None:
                # The product's own processes send commands as well, for nobody.
                by_nobody.add(envelope.command_id)
    findings = []
    for id, position in journal.receipts.items():
        places = at.get(id, [])
        # A command that changed nothing has a receipt and no events.
        if places and (places[-1] != position or places != list(range(places[0], position + 1))):
            findings.append(f"command {id} was acknowledged at {position} and stands at {places}")
    findings += [f"command {id} was refused ({why}) and stands at {at[id]}"
                 for id, why in journal.refusals.items() if id in at]  # fmt: skip
    unknown = at.keys() - journal.sent - by_nobody
    findings += [f"command {id} was never sent and stands at {at[id]}" for id in unknown]
    return findings


async def receipt_findings(
    connection: "asyncpg.Connection[asyncpg.Record]", journal: Journal, tenants: set[UUID]
) -> list[str]:
    """Every receipt that was given out is on record as it was given, whether it has events or not."""
    rows = await connection.fetch(
        "select command_id, first, last from es.commands where tenant_id = any($1)", list(tenants)
    )
    known = {row["command_id"]: row["last"] for row in rows}
    return [
        f"command {id} was acknowledged at {position} and is on record at {known.get(id)}"
        for id, position in journal.receipts.items()
        if known.get(id) != position
    ]


async def rebuild_findings(connection: "asyncpg.Connection[asyncpg.Record]", since: datetime) -> list[str]:
    """No rebuild of the round was given up or forgotten."""
    rows = await connection.fetch(
        """select id, state, error from ops.rebuilds
            where asked_at >= $1 and state in ('building', 'verifying', 'differs', 'failed')""",
        since,
    )
    return [f"rebuild {row['id']} is {row['state']}: {row['error']}" for row in rows]


async def view_findings(
    truth: Truth, settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]"
) -> list[str]:
    """Every view, in the generation that readers see, equals the fold of the log."""
    pool = await asyncpg.create_pool(settings.database_url, min_size=1, max_size=1)
    try:
        live = await live_generations(pool)
    finally:
        pool.terminate()
    findings = []
    for kind in VIEWS:
        try:
            rows = await stored(kind(), live[kind.name], settings, connection)
        except (httpx.HTTPStatusError, LookupError) as error:
            findings.append(f"{kind.name}: its rows cannot be read: {error}")
            continue
        findings += _differences(f"{kind.name} g{live[kind.name]}", truth.rows[kind.name], rows)
    return findings


def _differences(name: str, wanted: dict[FullKey, Any], found: dict[FullKey, Any]) -> list[str]:
    absent = [full for full in wanted if full not in found]
    extra = [full for full in found if full not in wanted]
    other = [full for full, row in wanted.items() if full in found and found[full] != row]
    findings = [
        f"{name}: {len(keys)} of {len(wanted)} rows {what}, as {keys[:_MOST]}"
        for keys, what in ((absent, "are missing"), (extra, "should not be there"))
        if keys
    ]
    if other:
        shown = "\n    ".join(f"is     {found[full]}\n    should {wanted[full]}" for full in other[:2])
        findings.append(f"{name}: {len(other)} of {len(wanted)} rows are wrong:\n    {shown}")
    return findings
