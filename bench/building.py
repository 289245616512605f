"""Our rebuild as the benchmarks drive it: a new generation of a view, filled in bulk from the whole log."""

from typing import Any

from app.log.postgres import PostgresLog
from app.storage.database import Pool
from bench.following import Fill
from bench.table import Stopwatch
from domain.kit.codec import PlainCodec
from projections.kit.declare.view import View
from projections.kit.follow.lane import Lane
from projections.kit.follow.lane_progress import OpsLedger
from projections.kit.follow.lane_worker import StoreOf
from projections.kit.rebuild.bulk_build import Builder
from projections.kit.store.generations import add_generation, enroll

NICE = 10
"""How far a process that rebuilds steps back behind others; `app.entry.rebuilder` says the same."""


# Rows of the views differ in type, hence Any.
async def build(log: PostgresLog, pool: Pool, view: View[Any], make: StoreOf) -> Fill:
    """Build a generation of its own up to the head of the log, and drop it again outside the measured time."""
    head = await log.head()
    await enroll(pool, type(view))
    async with pool.acquire() as connection:
        generation = await add_generation(connection, type(view), building=True)
    store = make(view, generation)
    await store.prepare()
    row = await pool.fetchrow(
        "update ops.lanes set token = token + 1 where view = $1 and generation = $2 "
        "returning id, token, position, folded",
        view.name,
        generation,
    )
    assert row is not None, "it was just made"
    lane = Lane(view=view.name, generation=generation, **row)
    ledger = OpsLedger(pool, lambda: [lane])
    watch = Stopwatch()
    await Builder(view, store, log, PlainCodec(), lane, ledger, near=0).run(until=head)
    seconds, computed = watch.stop()
    rows = await store.count()
    await store.drop()
    return Fill(head, rows, seconds, computed)
