"""The adapter by which a tenant's data are moved between two databases of this installation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from app.composition.write_side import commanding
from app.contexts import VIEWS
from app.placement import access_copy, fence, log_copy, process_rows, registry
from app.placement.ends import Ends, both_ends, connected
from app.placement.places import PlacementRecord, silo_for
from app.placement.provisioner import PlacingProvisioner
from app.settings import Settings
from app.storage.database import Database
from domain.kit.caller import SYSTEM, Caller
from domain.kit.process.effects import EffectRefused
from domain.kit.refusals import NotFound, Refusal
from domain.kit.tenants import Placement
from domain.processes.tenant_move import Move
from domain.processes.tenant_provisioning import NewTenant
from domain.tenancy.tenant_commands import NoteTenantPlacement
from projections.kit.declare.postgres import PostgresView
from projections.kit.rebuild.requests import Rebuilds
from projections.kit.store.decrypted_fields import opened_fields
from projections.kit.store.rebuild_queue import RebuildRefused

_LOOK = 0.1
"""Seconds between two looks at what is waited for."""

_NEWS = 2.0
"""Seconds after which every process that can know it knows the registry's news; see `Registry`."""

# Of views that this code has not, as of a newer one that was taken back, nobody folds a generation.
_BEHIND = """
select exists (select from unnest($3::text[], $4::int[]) as mine(view, version)
                 join ops.views v using (view)
                 join ops.lanes l on l.view = v.view and l.generation = ops.serving(mine.view, mine.version)
                where l.position < $1 and (v.store <> 'search' or $2))
"""

_WAITING = """
select exists (select from ops.rebuild_views v join ops.rebuilds r on r.id = v.rebuild
                where v.view = any($1) and (r.state = 'differs' or r.paused and r.ended_at is null))
"""


class PlacingMover:
    """The application's `tenant_move.Mover`. It waits for views and processes, so a worker must be running."""

    def __init__(self, settings: Settings, platform: Database) -> None:
        self._settings = settings
        self._pool = platform.writer
        self._provisioner = PlacingProvisioner(settings, platform)

    async def prepare(self, move: Move) -> None:
        if move.to is not Placement.SILO:
            return
        silo = await registry.give_silo(
            self._pool, move.id, silo_for(self._settings, move.id, move.database_url)
        )
        if silo is None:
            raise EffectRefused("The registry knows no such tenant, or another one has this database.")
        tenant = await self._tenant(move)
        await self._provisioner.create_database(tenant)
        await self._provisioner.migrate(tenant)
        await self._provisioner.make_views(tenant)
        await self._provisioner.make_indexes(tenant)
        await self._provisioner.make_key(tenant)

    async def clear(self, move: Move) -> None:
        async with self._ends(move, reach=False) as ends:
            if move.to is Placement.POOLED:
                # What was copied stays in the log; nobody is to read it there, and a later move goes on with it.
                if ends is not None and await log_copy.has_events(ends.target, move.id):
                    await fence.hide(ends.target, move.id)
                    await log_copy.forget_reservations(ends.target, move.id)
                return
            if ends is not None and await fence.is_hidden(ends.target, move.id):
                return
        tenant = await self._tenant(move)
        await self._provisioner.drop_indexes(tenant)
        await self._provisioner.drop_database(tenant)
        await registry.take_silo(self._pool, move.id)

    async def freeze(self, move: Move) -> None:
        async with self._both(move) as ends:
            await fence.freeze(ends.source, move.id)
        await registry.set_state(self._pool, move.id, "moving")

    async def thaw(self, move: Move) -> None:
        async with self._both(move) as ends:
            await process_rows.wake(ends.source, move.id)
            await fence.lift(ends.source, move.id)
        await registry.set_state(self._pool, move.id, "ready")

    async def drain(self, move: Move) -> None:
        async with self._both(move) as ends:
            head = await ends.source.fetchval("select coalesce(max(position), 0) from es.events")
            while not await process_rows.rest(ends.source, move.id, head=head):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK)

    async def copy(self, move: Move) -> None:
        async with self._both(move) as ends:
            # The keys first, for views open what they show.
            await log_copy.copy_tables(ends.source, ends.target, move.id)
            await log_copy.copy_reservations(ends.source, ends.target, move.id)
            await log_copy.copy_events(ends.source, ends.target, move.id)
            await log_copy.copy_commands(ends.source, ends.target, move.id)
            await access_copy.copy_accesses(ends.source, ends.target, move.id)

    async def follow(self, move: Move) -> None:
        async with self._both(move) as ends:
            head = await ends.target.fetchval("select coalesce(max(position), 0) from es.events")
            searches = bool(self._settings.opensearch_url)
            mine = [view.name for view in VIEWS], [view.version for view in VIEWS]
            while await ends.target.fetchval(_BEHIND, head, searches, *mine):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK)
        if move.to is Placement.POOLED:
            await self._name_again(move.id)

    async def _name_again(self, tenant_id: UUID) -> None:
        """Make rows of the shared views again that were made without names, while the keys were elsewhere."""
        blank = [name for name, query in _blank() if await self._pool.fetchval(query, tenant_id)]
        if not blank:
            return
        keep = self._settings.rollback
        rebuilds = Rebuilds(self._pool, VIEWS, keep=keep, owner=partial(connected, self._settings))
        while True:
            try:
                id = await rebuilds.ask(blank, by="the move of a tenant", tenant_id=tenant_id)
                break
            except RebuildRefused as refused:
                # They are in another rebuild. The tenant takes no changes, so no operator is waited for.
                if await self._pool.fetchval(_WAITING, blank):
                    raise EffectRefused(f"{refused} It waits for an operator.") from refused
                await asyncio.sleep(1)
        going = "select state in ('building', 'verifying') and not paused from ops.rebuilds where id = $1"
        while await self._pool.fetchval(going, id):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)

    async def verify(self, move: Move) -> None:
        async with self._both(move) as ends:
            there = await log_copy.fingerprint(ends.source, move.id)
            here = await log_copy.fingerprint(ends.target, move.id)
            await access_copy.verify_accesses(ends.source, ends.target, move.id)
        if there != here:
            raise EffectRefused(f"{there[0]} events were to be copied, and {here[0]} that differ were found.")

    async def switch(self, move: Move) -> None:
        async with self._both(move) as ends:
            placement = await registry.placement(self._pool, move.id)
            assert placement is not None, "a tenant that is moved is registered"
            if placement.kind != move.to.value:
                await process_rows.enroll(ends.source, ends.target)
                await process_rows.copy(ends.source, ends.target, move.id)
                await fence.lift(ends.target, move.id)
                await self._note_placement(move, placement)
                await registry.switch(self._pool, move.id, move.to.value)
            # Only what was still at rest is taken up, so that repeating this does no harm.
            await process_rows.wake(ends.target, move.id)
            # Whoever still reads at the old place, because they do not know better, reads what is right.
            await asyncio.sleep(_NEWS)
            await fence.hide(ends.source, move.id)
            # Reading went on there until now; what is still recorded there is for `keep_carrying`.
            await access_copy.carry_late(ends.source, ends.target, move.id)
            await process_rows.forget(ends.source, move.id)
            await log_copy.forget_tables(ends.source, move.id)
            await log_copy.forget_reservations(ends.source, move.id)

    async def _note_placement(self, move: Move, placement: PlacementRecord) -> None:
        """Have the tenant itself say where it is, in the place that it goes to; nobody is served there yet."""
        assert placement.silo is not None, "one of the two places is a silo"
        settings = self._settings
        if move.to is Placement.SILO:
            settings = placement.silo.settings(settings)
        note = NoteTenantPlacement(id=move.id, placement=move.to)
        async with commanding(settings) as (_, bus):
            outcome = await bus.send(note, by=Caller(tenant_id=move.id, user_id=SYSTEM, kind="service"))
        # One that was never founded as a tenant says nothing of itself.
        if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound):
            raise outcome

    async def _tenant(self, move: Move) -> NewTenant:
        found = await registry.placement(self._pool, move.id)
        if found is None:
            raise EffectRefused("The registry knows no such tenant.")
        return NewTenant(
            id=move.id,
            name=found.name,
            slug=found.slug,
            region=found.region,
            placement=move.to,
            database_url=move.database_url,
        )

    @asynccontextmanager
    async def _both(self, move: Move) -> AsyncIterator[Ends]:
        async with self._ends(move) as ends:
            if ends is None:
                raise EffectRefused("The tenant has no database of its own to be moved from or to.")
            yield ends

    @asynccontextmanager
    async def _ends(self, move: Move, *, reach: bool = True) -> AsyncIterator[Ends | None]:
        """Both databases; None when there is no silo, or (unless it has to be reached) no database of it."""
        placement = await registry.placement(self._pool, move.id)
        if placement is None or placement.silo is None:
            yield None
            return
        async with both_ends(self._settings, placement.silo, to=move.to, reach=reach) as ends:
            yield ends


def _blank() -> list[tuple[str, str]]:
    """Each table that holds names in plain, with the question whether a tenant has rows in it without one."""
    found: list[tuple[str, str]] = []
    for view in VIEWS:
        if issubclass(view, PostgresView) and (names := opened_fields(view.row)):
            schema, _, table = view.name.partition(".")
            without = " and ".join(f"\"{name}\" = ''" for name in names)
            found.append(
                (
                    view.name,
                    f"select exists (select from {schema}.{table} where tenant_id = $1 and {without})",
                )
            )
    return found
