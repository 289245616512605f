"""Cells: one assembly of the product for the platform, and one for each silo that is asked for."""

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import TypeVar
from uuid import UUID

from api.kit.execution.error_codes import ErrorCode
from api.kit.execution.errors import RequestError
from app.entry.assembly import Assembly
from app.placement.places import Silo
from app.placement.registry import Registry, registered
from app.placement.tenant_service import TenantService
from app.settings import Settings
from domain.kit.context.adapters import provided
from projections.kit.background import running

T = TypeVar("T")

_logger = logging.getLogger(__name__)

Assemble = Callable[[Settings], AbstractAsyncContextManager[Assembly]]


class Cells:
    """Finds the cell of a tenant, and opens it when it is first asked for.

    At most ``most`` silos are open at once, and one that nobody has used for ``idle`` seconds is closed. One that
    is in use is never closed: who uses it is known by the things it was `held` for.
    """

    def __init__(
        self,
        settings: Settings,
        platform: Assembly,
        registry: Registry,
        assemble: Assemble,
        *,
        most: int = 64,
        idle: float = 600,
    ) -> None:
        self._settings, self._assemble = settings, assemble
        self._registry = registry
        self._most, self._idle = most, idle
        self._open: dict[Silo, _Cell] = {}
        self.platform = platform
        """The cell of all pooled tenants, and of what belongs to no tenant."""

    @property
    def open(self) -> int:
        """How many silos are open."""
        return len(self._open)

    def place(self, tenant_id: UUID) -> Hashable:
        """Another value once a tenant is served elsewhere."""
        placement = self._registry.of(tenant_id)
        return None if placement is None else placement.served_by

    async def look(self) -> None:
        """Look where tenants are served; see `Registry.look_again`."""
        await self._registry.look_again()

    async def at(self, tenant_id: UUID) -> Assembly:
        """The cell that serves a tenant. Raises RequestError when it is not ready."""
        return (await self._cell(tenant_id))[0]

    async def held(self, tenant_id: UUID, holder: Callable[[Assembly], T]) -> T:
        """What ``holder`` makes of the tenant's cell, which stays open as long as that is referred to."""
        assembly, cell = await self._cell(tenant_id)
        holding = holder(assembly)
        if cell is not None:
            cell.hold(holding)
        return holding

    def judge_again(self, tenant_id: UUID) -> None:
        """Forget whether commands of a tenant are taken, wherever it is served."""
        for assembly in (self.platform, *(cell.serving for cell in self._open.values())):
            if assembly is not None:
                assembly.guard.forget(tenant_id)

    async def sweep(self) -> None:
        """Close what is idle, and what no tenant is served by any more."""
        served = {entry.served_by for entry in self._registry.all()}
        now = monotonic()
        for silo, cell in list(self._open.items()):
            idle = not cell.users and now - cell.used_at > self._idle
            if (idle or silo not in served or cell.ended) and not cell.opening:
                del self._open[silo]
                await cell.close()

    async def close(self) -> None:
        """Close all silos."""
        cells, self._open = list(self._open.values()), {}
        await asyncio.gather(*(cell.close() for cell in cells))

    async def _cell(self, tenant_id: UUID) -> "tuple[Assembly, _Cell | None]":
        placement = self._registry.of(tenant_id)
        if placement is None:
            return self.platform, None
        if placement.state in ("provisioning", "failed"):
            raise _unavailable("This tenant is not ready yet.", "TENANT_NOT_READY")
        if placement.region != self._settings.region:
            raise RequestError.of(f"This tenant is served in {placement.region}.", "WRONG_REGION", 421)
        silo = placement.served_by
        if silo is None:
            return self.platform, None
        cell = self._open.get(silo)
        if cell is None or cell.ended:
            await self._make_room()
            cell = self._open.get(silo)
        if cell is None or cell.ended:
            cell = self._open[silo] = _Cell(self._assemble(silo.settings(self._settings)), tenant_id)
        cell.used_at = monotonic()
        try:
            opened = await asyncio.shield(cell.assembly)
        except Exception:
            # The next request tries again.
            if self._open.get(silo) is cell:
                del self._open[silo]
            raise
        if cell.serving is None:
            cell.serving = self._with_platform(opened)
        return cell.serving, cell

    def _with_platform(self, assembly: Assembly) -> Assembly:
        services = assembly.services
        ports = {**services.ports, **self.platform.platform_ports}
        return replace(assembly, services=replace(services, ports=ports))

    async def _make_room(self) -> None:
        while len(self._open) >= self._most:
            free = [entry for entry in self._open.items() if not entry[1].users and not entry[1].opening]
            if not free:
                raise _unavailable("Too many tenants are served here at the moment.", "UNAVAILABLE")
            silo, cell = min(free, key=lambda entry: entry[1].used_at)
            del self._open[silo]
            await cell.close()


def _unavailable(message: str, code: ErrorCode) -> RequestError:
    return RequestError.of(message, code, 503, {"retry-after": "1"})


class _Cell:
    """A silo's assembly, in a task of its own, which opens it and closes it in order."""

    def __init__(self, assembly: AbstractAsyncContextManager[Assembly], tenant_id: UUID) -> None:
        self.assembly: asyncio.Future[Assembly] = asyncio.get_running_loop().create_future()
        self.used_at = monotonic()
        self.users = 0
        """How many things that hold it are still referred to."""
        self.serving: Assembly | None = None
        """The assembly with the platform's ports."""
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._run(assembly), name=f"cell of {tenant_id}")

    @property
    def opening(self) -> bool:
        """Whether it is not there yet."""
        return not self.assembly.done()

    @property
    def ended(self) -> bool:
        """Whether it could not be opened, or is closed."""
        return self._task.done()

    def hold(self, user: object) -> None:
        """Count a user for as long as it is referred to."""
        self.users += 1
        weakref.finalize(user, self._release).atexit = False

    def _release(self) -> None:
        self.users -= 1
        self.used_at = monotonic()

    async def close(self) -> None:
        """Close it; whoever still uses it meets closed connections."""
        self._closing.set()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, assembly: AbstractAsyncContextManager[Assembly]) -> None:
        try:
            async with assembly as opened:
                self.assembly.set_result(opened)
                await self._closing.wait()
        except Exception as error:
            if self.assembly.done():
                _logger.exception("A silo could not be closed cleanly.")
            else:
                self.assembly.set_exception(error)
                # Seen, even when whoever asked has gone.
                self.assembly.exception()
        finally:
            self.assembly.cancel()


@asynccontextmanager
async def celled(
    settings: Settings,
    platform: Assembly,
    assemble: Assemble,
    *,
    on_news: Callable[[], object] = lambda: None,
) -> AsyncIterator[Cells]:
    """The cells of an API process, swept now and then, all closed at the end of the block.

    ``on_news`` is called when tenants may have moved, before the cells that they have left are closed.
    """
    async with registered(
        platform.database.writer, rest=platform.database.news.rest("placements")
    ) as registry:
        cells = Cells(settings, platform, registry, assemble)
        tenants = TenantService(settings, platform.database, platform.services.bus, changed=cells.judge_again)
        shared = {**platform.platform_ports, **provided(*tenants.ports(platform.probe.guard))}
        services = replace(platform.services, ports={**platform.services.ports, **shared})
        cells.platform = replace(platform, services=services, platform_ports=shared)
        registry.on_news = on_news

        async def sweep() -> None:
            while True:
                await registry.changed(seconds=10)
                await cells.sweep()

        try:
            async with running(sweep, name="cells"):
                yield cells
        finally:
            await cells.close()
