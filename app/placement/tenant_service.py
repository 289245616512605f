"""Asking for tenants and for moves, the same for the command line and for the API."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from uuid import UUID, uuid4, uuid5

import asyncpg
import msgspec

from app.log.failures import LogUnavailable
from app.placement import registry
from app.placement.fence import refused
from app.placement.places import PlacementRecord
from app.placement.processes import placing
from app.placement.write_side import silo_of
from app.settings import Settings
from app.storage.database import Database
from domain.kit.bus.bus import Bus
from domain.kit.caller import PLATFORM, SYSTEM, Caller
from domain.kit.clock import TimeOrderedIds
from domain.kit.commands import Command
from domain.kit.log import GLOBAL, AppendReceipt
from domain.kit.refusals import AlreadyTaken, NotFound, Refusal
from domain.operations.tenant_commands import (
    AdoptTenant,
    ReleaseTenantSlugs,
    RequestTenant,
    ReserveTenantSlug,
    RetractTenant,
)
from domain.operations.tenants import SLUG, TenantMoving, TenantNotPlaced, TenantPlacement
from domain.processes.tenant_move import Moving
from domain.processes.tenant_provisioning import Provisioning
from domain.tenancy import tenants as tenancy
from domain.tenancy.regions import WrongRegion
from domain.tenancy.slug_registry import SlugRegistry
from projections.kit.read.circuit_breaker import Unavailable
from projections.operations.tenant_placements import (
    Change,
    PlacedTenant,
    PlacementCommand,
    PlacementRequest,
    TenantPlacements,
)

_ids = TimeOrderedIds()

_TAKEN = """
select exists (select from es.reservations
                where scope_id = $1 and name = any($2) and value = $3 and originator_id <> $4)
"""


class TenantService:
    """The application's `tenant_placements.PlacementView`, on the platform's log and registry."""

    def __init__(
        self,
        settings: Settings,
        platform: Database,
        bus: Bus,
        *,
        changed: Callable[[UUID], object] = lambda tenant_id: None,
    ) -> None:
        """``changed`` is told of each tenant that was suspended, reactivated or closed, before the answer."""
        self._settings, self._platform, self._bus = settings, platform, bus
        self._changed = changed
        self._known = False

    def ports(self, guard: Callable[[], AbstractAsyncContextManager[object]]) -> tuple[object, ...]:
        """What the API asks of tenants' places, inside ``guard``, which raises while the platform is away."""

        async def reserve(tenant_id: UUID, slug: str) -> UUID:
            async with guard():
                return await self.reserve_slug(tenant_id, slug)

        async def release(tenant_id: UUID, reservation: UUID) -> None:
            # Else it lapses by itself.
            with suppress(Unavailable, LogUnavailable):
                async with guard():
                    await self.release_slug(tenant_id, reservation)

        return TenantPlacements(self), SlugRegistry(reserve, release)

    async def ask(
        self,
        command: PlacementCommand,
        *,
        by: Caller,
        command_id: UUID | None = None,
        correlation_id: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> AppendReceipt | Refusal:
        if isinstance(command, Change):
            return await self._change(
                command,
                by=by,
                command_id=command_id or _ids.new(),
                correlation_id=correlation_id,
                metadata=metadata,
            )
        if isinstance(command, RequestTenant) and command.region != self._settings.region:
            return WrongRegion(field="region", region=command.region, here=self._settings.region)
        await self._make_known()
        return await self._bus.send(
            command,
            by=Caller(tenant_id=PLATFORM, user_id=by.user_id, session_id=by.session_id),
            command_id=command_id or (command.id if isinstance(command, RequestTenant) else _ids.new()),
            correlation_id=correlation_id,
            metadata=metadata,
        )

    async def _make_known(self) -> None:
        if not self._known:
            # A process reacts to what is appended after it is made known, and maybe no worker ever ran.
            await placing(self._settings, self._platform)
            self._known = True

    async def _change(
        self,
        change: Change,
        *,
        by: Caller,
        command_id: UUID,
        correlation_id: str | None,
        metadata: Mapping[str, object] | None,
    ) -> AppendReceipt | Refusal:
        """A tenant of another region is served there."""
        found = await registry.placement(self._platform.writer, change.id)
        if found is None:
            return NotFound(field="id", what="tenant")
        if found.region != self._settings.region:
            return WrongRegion(field="id", region=found.region, here=self._settings.region)
        try:
            async with silo_of(found, self._settings) as silo:
                with refused():
                    return await (self._bus if silo is None else silo.bus).send(
                        change,
                        # What is done to a suspended tenant, only services do.
                        by=Caller(tenant_id=change.id, user_id=by.user_id, kind="service"),
                        command_id=command_id,
                        correlation_id=correlation_id,
                        metadata=metadata,
                    )
        except (TenantNotPlaced, TenantMoving) as refusal:
            return refusal
        finally:
            # Also when whoever asked has gone: it may be stored.
            self._changed(change.id)

    async def adopt(self, tenant_id: UUID, name: str, slug: str) -> None:
        """Register a pooled tenant that is made by others, which makes its slug unique over all places. May be
        called again. Raises the refusal: AlreadyTaken for the slug, Invalid."""
        await self._make_known()
        name, slug, region = name.strip(), slug.strip(), self._settings.region
        outcome = await self._bus.send(
            AdoptTenant(id=tenant_id, name=name, slug=slug, region=region),
            by=Caller(tenant_id=PLATFORM, user_id=SYSTEM, kind="service"),
            command_id=uuid5(tenant_id, "adopt"),
        )
        if isinstance(outcome, Refusal):
            raise outcome
        request = await self.asked(tenant_id)
        if request is not None and request.status == "failed":
            raise AlreadyTaken(field="slug")
        try:
            await registry.add(self._platform.writer, tenant_id, name, slug, region, None, state="ready")
        except asyncpg.UniqueViolationError as error:
            raise AlreadyTaken(field="slug") from error

    async def retract(self, tenant_id: UUID) -> None:
        """Take out a tenant that was adopted and not made; there may be none. Its slug is free again."""
        await registry.remove(self._platform.writer, tenant_id)
        await self._note(RetractTenant(id=tenant_id))

    async def reserve_slug(self, tenant_id: UUID, slug: str) -> UUID:
        """See `domain.tenancy.slug_registry.SlugRegistry`. A tenant that is in no registry reserves nothing: it is
        in the platform's database, where its change is refused when the slug is another's by then."""
        names = [SLUG, tenancy.SLUG]
        if await self._platform.writer.fetchval(_TAKEN, GLOBAL, names, slug, tenant_id):
            raise AlreadyTaken(field="slug")
        await self._make_known()
        reservation = uuid4()
        await self._note(ReserveTenantSlug(id=tenant_id, slug=slug, reservation=reservation))
        return reservation

    async def release_slug(self, tenant_id: UUID, reservation: UUID) -> None:
        """See `domain.tenancy.slug_registry.SlugRegistry`."""
        await self._note(ReleaseTenantSlugs(id=tenant_id, reservations=(reservation,)))

    async def _note(self, command: Command) -> None:
        """Raises the refusal, unless the tenant is in no registry."""
        outcome = await self._bus.send(command, by=Caller(tenant_id=PLATFORM, user_id=SYSTEM, kind="service"))
        if isinstance(outcome, Refusal) and not isinstance(outcome, NotFound):
            raise outcome

    async def asked(self, tenant_id: UUID) -> PlacementRequest | None:
        stream = (await self._bus.log.streams(PLATFORM, [tenant_id])).get(tenant_id)
        if not stream or stream[-1].topic != TenantPlacement.topic:
            return None
        # What it is called changes meanwhile, and says nothing of what was asked.
        status, last = next(
            (_STATUS[kind], event)
            for event in reversed(stream)
            if (kind := event.type.rpartition(".")[2]) in _STATUS
        )
        said = msgspec.json.decode(last.payload)
        return PlacementRequest(status=status, step=said.get("step"), reason=said.get("reason"))

    async def step(self, tenant_id: UUID) -> str | None:
        """What a worker is doing for what was asked last, as "do copy"; None while nothing is to be done."""
        query = """select key from processes.ledger
                    where process = any($1) and instance = $2 and status in ('pending', 'running', 'parked')
                    order by id desc limit 1"""
        names = [Provisioning.name, Moving.name]
        step: str | None = await self._platform.writer.fetchval(query, names, str(tenant_id))
        return step

    async def all(self) -> list[PlacedTenant]:
        return [_shown(placement) for placement in await registry.placements(self._platform.writer)]


_STATUS = {
    "adopted": "ready",
    "requested": "provisioning",
    "provisioned": "ready",
    "failed": "failed",
    "move_requested": "moving",
    "moved": "ready",
    "move_failed": "ready",
}


def _shown(placement: PlacementRecord) -> PlacedTenant:
    database = placement.silo.database if placement.silo is not None else None
    return PlacedTenant(
        id=placement.tenant_id,
        name=placement.name,
        slug=placement.slug,
        placement=placement.kind,
        region=placement.region,
        state=placement.state,
        database=database if placement.kind == "silo" else None,
        left=database if placement.kind == "pooled" and placement.state == "ready" else None,
        updated_at=placement.updated_at,
    )
