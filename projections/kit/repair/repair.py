"""Writes the rows that a replay found to differ, under a lease of the lane."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from projections.kit.declare.row import R
from projections.kit.declare.view import RowChanges, View
from projections.kit.follow import leases
from projections.kit.repair.replay import Chosen, Diff, Replay
from projections.kit.store.generations import Connect
from projections.kit.store.store import Checkpoint, LeaseLost, Store

_AT_ONCE = 1000
_ATTEMPTS = 5
_STALE = 60.0


class KeptInline(Exception):
    """The appenders fold this view, under no lease that could be taken from them."""


async def put_right(
    replay: Replay[R], view: View[R], generation: int, store: Store[R], chosen: Chosen, connect: Connect
) -> Diff[R]:
    """Compare while nobody else writes, write what differs, and answer what did.

    The lane's follower loses its session and takes its lanes again afterwards; killed in the middle, this
    leaves a lane that anybody may take. Raises KeptInline, and LeaseLost when the lane cannot be had.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with held(view, generation, connect) as token:
                diff = await replay.diff(chosen)
                await _write(diff, store, token)
                return diff
        except LeaseLost:
            # What its last holder had on the way came first.
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


@asynccontextmanager
async def held(view: View[Any], generation: int, connect: Connect) -> AsyncIterator[int]:
    """The lane under a lease of ours; the lease's token. Whoever holds it is cut off."""
    connection = await connect()
    try:
        name = f"{socket.gethostname()}:{os.getpid()} replay"
        me = await leases.register(connection, name, "rebuilder")
        named = [(view.name, view.version)]
        standings = await leases.survey(connection, named, _STALE)
        standing = next((lane for lane in standings if lane.generation == generation), None)
        if standing is None:
            raise LeaseLost(f"{view.name} is not followed now; it is being built or repaired")
        if standing.inline:
            raise KeptInline(view.name)
        # As if its holder showed no sign of life: it lives, and comes back.
        taken = await leases.take(connection, replace(standing, stale=True), me)
        if taken is None:
            raise LeaseLost(f"{view.name} is held by another")
        yield taken.token
        await leases.give_back(connection, standing.id, me)
        await leases.leave(connection, me)
    finally:
        connection.terminate()


async def _write(diff: Diff[R], store: Store[R], token: int) -> None:
    for start in range(0, len(diff.differences), _AT_ONCE):
        batch = diff.differences[start : start + _AT_ONCE]
        stands = await store.checkpoint()
        if stands.position != diff.position:
            raise LeaseLost(f"{diff.view.name} moved while it was compared")
        changes: RowChanges[R] = RowChanges()
        for difference in batch:
            changes[difference.tenant_id, difference.key] = difference.folded
            # Not the row's last event: a search index refuses versions that are older than its own.
            changes.positions[difference.tenant_id, difference.key] = stands.position
        await store.save(changes, Checkpoint(stands.position, stands.folded, token))
