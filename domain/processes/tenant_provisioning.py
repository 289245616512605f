"""Provisioning: makes what a new tenant needs, step by step, and takes it all down again when a step fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.kit.process.effects import Action, Call, Send, Then
from domain.kit.process.process import on
from domain.kit.process.saga import Saga, SagaState, Step
from domain.kit.tenants import Placement
from domain.operations.tenant_commands import AbandonTenant, ConfirmTenant
from domain.operations.tenants import TenantPlacement


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """A new tenant that was requested."""

    id: UUID
    name: str
    slug: str
    region: str
    placement: Placement
    database_url: str | None = None


class Provisioner(Protocol):
    """Make the parts of a tenant's placement. Each may be called again after it was done, or half done.

    Raises EffectRefused for what will never be possible.
    """

    async def register(self, tenant: NewTenant) -> None:
        """Give it a place in the registry, where nobody else can take it."""
        ...

    async def forget(self, tenant: NewTenant) -> None:
        """Take it out of the registry."""
        ...

    async def create_database(self, tenant: NewTenant) -> None:
        """Make a silo's database, empty."""
        ...

    async def drop_database(self, tenant: NewTenant) -> None:
        """Drop it with all that is in it."""
        ...

    async def migrate(self, tenant: NewTenant) -> None:
        """Bring a silo's database to the newest schema."""
        ...

    async def make_views(self, tenant: NewTenant) -> None:
        """Make the tables of a silo's views."""
        ...

    async def make_indexes(self, tenant: NewTenant) -> None:
        """Make a silo's search indexes."""
        ...

    async def drop_indexes(self, tenant: NewTenant) -> None:
        """Drop them, and a silo's keys in Redis."""
        ...

    async def make_key(self, tenant: NewTenant) -> None:
        """Make the key that the tenant's data keys are wrapped by."""
        ...

    async def found(self, tenant: NewTenant, command_id: UUID) -> None:
        """Begin the tenant's own stream, in its own log."""
        ...

    async def open(self, tenant: NewTenant) -> None:
        """Let requests in."""
        ...


_Progress = SagaState[NewTenant]


class Provisioning(Saga[NewTenant], name="operations.provisioning", version=1):
    """Make a tenant's placement."""

    def __init__(self, provisioner: Provisioner) -> None:
        self._make = provisioner

    @on(TenantPlacement.Requested)
    def requested(self, progress: _Progress | None, event: TenantPlacement.Requested) -> Then[_Progress]:
        return self.begin(
            NewTenant(
                id=event.originator_id,
                name=event.name,
                slug=event.slug,
                region=event.region,
                placement=event.placement,
                database_url=event.database_url,
            )
        )

    def finished(self, progress: _Progress) -> Sequence[Action]:
        return [Send(ConfirmTenant(id=progress.order.id))]

    def undone(self, progress: _Progress) -> Sequence[Action]:
        tenant, reason = progress.order.id, progress.error or "unknown"
        return [Send(AbandonTenant(id=tenant, step=progress.failed or "", reason=reason))]

    async def register(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.register(tenant)

    async def forget(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.forget(tenant)

    async def create_database(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.create_database(tenant)

    async def drop_database(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.drop_database(tenant)

    async def migrate(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.migrate(tenant)

    async def make_views(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.make_views(tenant)

    async def make_indexes(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.make_indexes(tenant)

    async def drop_indexes(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.drop_indexes(tenant)

    async def make_key(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.make_key(tenant)

    async def found(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.found(tenant, call.key)

    async def open(self, tenant: NewTenant, call: Call[_Progress]) -> None:
        await self._make.open(tenant)

    # A server of databases may need its time; none of these steps is asked for often.
    steps = (
        Step("register", do=register, undo=forget),
        Step("database", do=create_database, undo=drop_database, timeout=120),
        Step("schema", do=migrate, timeout=120),
        Step("views", do=make_views, timeout=120),
        Step("indexes", do=make_indexes, undo=drop_indexes, timeout=120),
        Step("key", do=make_key),
        Step("tenant", do=found),
        Step("open", do=open),
    )
