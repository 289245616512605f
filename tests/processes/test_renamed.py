"""Classes that were renamed and moved go on with what their former code stored, which is written out here."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import applies
from domain.kit.bus.bus import Bus
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import AppendReceipt
from domain.kit.process.effects import Call, Effect, Then
from domain.kit.process.process import Process, on, performs
from domain.kit.refusals import Refusal
from tests.domain.sending import US, accepted, history, refused
from tests.log.appends import command, event, stored
from tests.processes.working import NOON, Works


class AlreadyBright(Refusal):
    """The lamp burns."""

    code = "lamp_burns"


class Light(Aggregate, topic="toys.lamp"):
    """Was called Lamp."""

    class Brightened(Event):
        """Was called TurnedOn."""

        stored_as = "toys.lamp.turned_on"

    class Dimmed(Event): ...

    bright: bool = False

    @applies(Brightened, Dimmed)
    def _changed(self, event: Event) -> None:
        self.bright = isinstance(event, Light.Brightened)


class Brighten(Command):
    """Was called TurnOn, and stood in another context's folder."""

    stored_as = "lamps.turn_on"

    minutes: int = 5

    def handle(self, light: Light) -> None:
        if light.bright:
            raise AlreadyBright()
        light.record(Light.Brightened())


class Dim(Command):
    """Make it dark."""

    def handle(self, light: Light) -> None:
        light.record(Light.Dimmed())


@dataclass(frozen=True)
class Rung:
    """Nothing is known of an instance."""


class Bells(Process[Rung], name="toys.chimes", version=1):
    """Was called Chimes."""

    class Ring(Effect):
        """Was called Chime."""

        stored_as = "chime"
        times: int

    def __init__(self) -> None:
        self.rung: list[int] = []

    @on(Light.Dimmed)
    def dimmed(self, state: Rung | None, event: Light.Dimmed) -> Then[Rung]:
        return Then(state or Rung(), self.Ring(times=1))

    @performs(Ring)
    async def ring(self, effect: Ring, call: Call[Rung]) -> None:
        self.rung.append(effect.times)


# SHA-256 of the command's stored name, a zero byte, and what was said, as in all that has ever been stored.
_SENT = b'lamps.turn_on\0{"id":"%s"}'


async def _burning(log: PostgresLog, lamp: UUID, sent: UUID) -> AppendReceipt:
    """A lamp that was turned on before anything was renamed, by a command with this id."""
    old = event(lamp, topic="toys.lamp", type="toys.lamp.turned_on", payload=b"{}")
    content = _SENT % str(lamp).encode()
    return stored(await log.append(command(old, tenant=US.tenant_id, command_id=sent, content=content)))


async def test_an_old_log_is_read(log: PostgresLog, bus: Bus) -> None:
    lamp = uuid4()
    await _burning(log, lamp, uuid4())
    assert [type(event) for event in await history(log, lamp)] == [Light.Brightened]
    assert (await refused(bus, Brighten(id=lamp), AlreadyBright)).code == "lamp_burns"
    await accepted(bus, Dim(id=lamp))
    await accepted(bus, Brighten(id=lamp))
    types = [event.type for event in (await log.streams(US.tenant_id, [lamp]))[lamp]]
    assert types == ["toys.lamp.turned_on", "toys.lamp.dimmed", "toys.lamp.turned_on"]


async def test_an_old_command_id_is_known(log: PostgresLog, bus: Bus) -> None:
    lamp, sent = uuid4(), uuid4()
    before = await _burning(log, lamp, sent)
    again = await accepted(bus, Brighten(id=lamp), command_id=sent)
    assert again.repeated
    assert (again.first, again.last) == (before.first, before.last)


async def test_an_old_effect_is_done(log: PostgresLog, works: Works) -> None:
    lamp = uuid4()
    await _burning(log, lamp, uuid4())
    await works.database.writer.execute(
        """insert into processes.ledger (tenant_id, process, instance, cause, key, kind, name, payload, next_at,
                                         event_id, position, correlation_id, made_at)
           values ($1, 'toys.chimes', $2, $3, 'chime', 'effect', 'chime', '{"times": 3}', $4, $3, 1, 'x', $4)""",
        US.tenant_id,
        str(lamp),
        uuid4(),
        NOON,
    )
    bells = Bells()
    await works.start(bells)
    await works.reach("done")
    assert bells.rung == [3]


def test_a_command_is_named_by_what_it_changes_wherever_it_stands() -> None:
    assert Dim.stored_as == "toys.dim"


def test_a_command_that_changes_nothing_says_its_name() -> None:
    with pytest.raises(TypeError, match=r"Ping.* needs a stored_as"):

        class Ping(Command):
            def handle(self) -> None: ...


def test_two_effects_of_a_process_have_two_names() -> None:
    with pytest.raises(TypeError, match="Two effects of Twins are stored as 'chime'"):

        class Twins(Process[Rung], name="toys.twins"):
            class Chime(Effect): ...

            class Ring(Effect):
                stored_as = "chime"

            @performs(Chime)
            async def chime(self, effect: Any, call: Call[Rung]) -> None: ...

            @performs(Ring)
            async def ring(self, effect: Any, call: Call[Rung]) -> None: ...
