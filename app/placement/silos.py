"""The silos of a worker: each is followed as long as the registry says that it is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.placement.places import PlacementRecord, Silo
from app.placement.registry import Registry
from app.settings import Settings
from projections.kit.background import end
from projections.kit.backoff import Backoff

_logger = logging.getLogger(__name__)

Follow = Callable[[Settings, asyncio.Event, bool], Awaitable[None]]
"""Follows the views of one database until the event is set, and runs its processes if told so."""

_PATIENCE = 15.0
"""Seconds that a silo may take to be left in order."""


class Silos:
    """Follows every silo that serves a tenant of this region, or is to.

    While a tenant is moved into a silo its views are folded there, but its processes still run where it was.
    """

    def __init__(self, registry: Registry, settings: Settings, follow: Follow, *, pause: float = 1.0) -> None:
        """``pause``: seconds before one that has ended by itself is followed again; doubled up to a minute."""
        self._registry, self._settings, self._follow = registry, settings, follow
        self._pause = pause
        self._followed: dict[tuple[Silo, bool], tuple[asyncio.Task[None], asyncio.Event]] = {}

    async def run(self) -> None:
        """Begin and leave silos until cancelled."""
        try:
            while True:
                wanted = {found for placement in self._registry.all() if (found := self._wanted(placement))}
                await asyncio.gather(*(self._leave(key) for key in self._followed.keys() - wanted))
                for silo, acting in wanted - self._followed.keys():
                    self._begin(silo, acting)
                await self._registry.changed(seconds=5)
        finally:
            await asyncio.gather(*(self._leave(key) for key in list(self._followed)))

    def _wanted(self, placement: PlacementRecord) -> tuple[Silo, bool] | None:
        if placement.silo is None or placement.region != self._settings.region:
            return None
        if placement.kind == "silo" and placement.state in ("ready", "moving"):
            return placement.silo, True
        return (placement.silo, False) if placement.state == "moving" else None

    def _begin(self, silo: Silo, acting: bool) -> None:
        stopping = asyncio.Event()
        task = asyncio.create_task(self._forever(silo, stopping, acting), name=f"silo {silo.database}")
        self._followed[silo, acting] = task, stopping

    async def _forever(self, silo: Silo, stopping: asyncio.Event, acting: bool) -> None:
        failures = 0
        while not stopping.is_set():
            try:
                await self._follow(silo.settings(self._settings), stopping, acting)
            except Exception:
                # One silo that is away must not take the others along.
                _logger.exception("The silo %s cannot be followed; trying again.", silo.database)
                failures += 1
                await asyncio.sleep(Backoff(self._pause, 60).pause(failures))

    async def _leave(self, key: tuple[Silo, bool]) -> None:
        task, stopping = self._followed.pop(key)
        stopping.set()
        await asyncio.wait((task,), timeout=_PATIENCE)
        await end(task)
