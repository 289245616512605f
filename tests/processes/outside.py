"""The world outside, as processes of these tests meet it: it counts calls, and does each key once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.storage.database import Connection
from domain.kit.process.effects import Call, EffectRefused
from tests.processes.toys import Order

Trouble = Callable[[str, Call[Any]], Awaitable[object]]


def refuse(what: str, call: Call[Any]) -> None:
    """Refuse the step at which a shop is to fail."""
    if _fails(what, call, maybe=False):
        raise EffectRefused("no")


def break_off(what: str, call: Call[Any]) -> None:
    """Break off after the step that may have happened."""
    if _fails(what, call, maybe=True):
        raise ConnectionError("lost")


def _fails(what: str, call: Call[Any], *, maybe: bool) -> bool:
    order = getattr(call.state, "order", None)
    return isinstance(order, Order) and order.fails_at == what and order.maybe is maybe


class Outside:
    """An outside in memory; ``trouble`` runs before each call is carried out, and may raise or hang."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        """What was asked for at which attempt, in order."""
        self.done: dict[str, str] = {}
        """What was carried out, by key."""
        self.trouble: Trouble | None = None
        self.came = asyncio.Event()

    async def call(self, what: str, call: Call[Any]) -> str:
        self.calls.append((what, call.attempt))
        self.came.set()
        if self.trouble is not None:
            await self.trouble(what, call)
        refuse(what, call)
        self.done.setdefault(str(call.key), what)
        break_off(what, call)
        return f"did {what}"

    @property
    def deeds(self) -> list[str]:
        """What was carried out, in order."""
        return list(self.done.values())


class StoredOutside:
    """An outside that outlives the worker that calls it: a table of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    @staticmethod
    async def make(connection: Connection) -> None:
        """Make the table."""
        await connection.execute(
            "create table public.deeds (number serial, key text unique, what text, calls int default 1);"
            "grant all on public.deeds to headwater_writer;"
            "grant all on sequence deeds_number_seq to headwater_writer"
        )

    async def call(self, what: str, call: Call[Any]) -> str:
        refuse(what, call)
        async with self._turn:
            await self._connection.execute(
                "insert into public.deeds (key, what) values ($1, $2) "
                "on conflict (key) do update set calls = deeds.calls + 1",
                str(call.key),
                what,
            )
        break_off(what, call)
        return f"did {what}"
