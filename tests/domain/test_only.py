"""An aggregate of which each tenant has one, and several that one command is given."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.log.postgres import PostgresLog
from domain.kit.aggregate import Aggregate
from domain.kit.appliers import assigns
from domain.kit.bus.bus import Bus
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.events import Event
from domain.kit.log import AppendReceipt, Selection
from domain.kit.refusals import AlreadyExists, NotFound
from domain.kit.scenario import given, on
from tests.domain.sending import US, accepted, refused


class Roll(Aggregate, topic="toys.roll"):
    """Numbers the tickets of a tenant."""

    only = UUID(int=77)
    snapshot_every = 20

    class Torn(Event):
        number: int

    number: int = 0
    changed = assigns(Torn)


class Film(Aggregate, topic="toys.film"):
    """What tickets are for."""

    class Announced(Event):
        title: str

    class Ended(Event, ends=True): ...

    title: str
    changed = assigns(Announced)


class Ticket(Aggregate, topic="toys.ticket"):
    """A numbered ticket for some films."""

    class Sold(Event):
        number: int
        titles: tuple[str, ...]

    number: int
    changed = assigns(Sold)


class AnnounceFilm(Command):
    """Announce a film."""

    title: str

    def handle(self) -> Film:
        return Film.begin(self.id, Film.Announced(title=self.title))


class SellTicket(Command):
    """Sell a ticket for films."""

    film_ids: tuple[UUID, ...] = ()

    def handle(self, films: Mapping[UUID, Film], roll: Roll) -> Ticket:
        if missing := [id for id in self.film_ids if id not in films]:
            raise NotFound(field="film_ids", what=f"film {missing[0].int}")
        number = roll.number + 1
        roll.record(Roll.Torn(number=number))
        titles = tuple(films[id].title for id in self.film_ids)
        return Ticket.begin(self.id, Ticket.Sold(number=number, titles=titles))


ONE, TWO = UUID(int=1), UUID(int=2)
FILMS = on(ONE, Film.Announced(title="M")), on(TWO, Film.Announced(title="Z"))


def test_it_is_there_before_its_first_event() -> None:
    given().when(SellTicket(id=ONE)).then(Ticket.Sold(number=1, titles=()), Roll.Torn(number=1))


def test_a_command_is_given_all_that_it_names() -> None:
    sold = Ticket.Sold(number=1, titles=("Z", "M"))
    given(*FILMS).when(SellTicket(id=UUID(int=3), film_ids=(TWO, ONE))).then(sold, Roll.Torn(number=1))


def test_what_has_ended_or_is_something_else_is_not_among_it() -> None:
    ended = on(ONE, Film.Announced(title="M"), Film.Ended())
    given(ended).when(SellTicket(id=UUID(int=3), film_ids=(ONE,))).refused(NotFound)
    other = on(ONE, Ticket.Sold(number=1, titles=()))
    given(other).when(SellTicket(id=UUID(int=3), film_ids=(ONE,))).refused(NotFound)


def test_a_command_that_does_not_say_which_cannot_be() -> None:
    def handle(self: Command, films: Mapping[UUID, Film]) -> None: ...

    with pytest.raises(TypeError, match="asks for 'films', but it has no 'film_ids'"):
        type("Bad", (Command,), {"__module__": __name__, "handle": handle})


class EndFilm(Command):
    """Show a film no more."""

    def handle(self, film: Film) -> None:
        film.record(Film.Ended())


async def numbers(log: PostgresLog, tenant_id: UUID) -> list[int]:
    """The numbers of the tenant's tickets, in the order of the log."""
    select = Selection(tenant_id=tenant_id, types=[Ticket.Sold.stored_as])
    events = PlainCodec().decode_all(await log.read(limit=1000, select=select))
    return [event.number for event in events if isinstance(event, Ticket.Sold)]


async def test_numbers_have_no_gap_whoever_gives_them(bus: Bus, second_bus: Bus, log: PostgresLog) -> None:
    us, other = replace(US, tenant_id=uuid4()), replace(US, tenant_id=uuid4())
    outcomes = await asyncio.gather(
        *(
            (bus if place % 2 else second_bus).send(SellTicket(id=uuid4()), by=us if place % 5 else other)
            for place in range(60)
        )
    )
    assert {type(outcome) for outcome in outcomes} == {AppendReceipt}
    assert await numbers(log, us.tenant_id) == list(range(1, 49))
    assert await numbers(log, other.tenant_id) == list(range(1, 13))


async def test_a_command_that_is_refused_takes_no_number(bus: Bus, log: PostgresLog) -> None:
    us = replace(US, tenant_id=uuid4())
    ticket = SellTicket(id=uuid4())
    await accepted(bus, ticket, by=us)
    await refused(bus, ticket, AlreadyExists, by=us)
    await refused(bus, SellTicket(id=uuid4(), film_ids=(uuid4(),)), NotFound, by=us)
    await accepted(bus, SellTicket(id=uuid4()), by=us)
    assert await numbers(log, us.tenant_id) == [1, 2]


async def test_what_a_command_was_given_is_as_it_stands(bus: Bus, second_bus: Bus) -> None:
    film = uuid4()
    await accepted(bus, AnnounceFilm(id=film, title="M"))
    await accepted(bus, SellTicket(id=uuid4(), film_ids=(film,)))
    await accepted(second_bus, EndFilm(id=film))
    await refused(bus, SellTicket(id=uuid4(), film_ids=(film,)), NotFound)
