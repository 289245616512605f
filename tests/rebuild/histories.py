"""Long stories of jars: rows that come, change, go and come back, in more than one tenant."""

import random
from datetime import timedelta
from uuid import UUID, uuid5

from domain.kit.events import Event
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import View
from tests.views.place import TENANT, Place
from tests.views.toys import Colour, Jar, ShelfFolds, ShelfRow

OTHER = UUID(int=8)
SHELVES = [f"shelf {number}" for number in range(30)]


class Carried(ShelfFolds, PostgresView[ShelfRow], name="toys.carried", key=("shelf", "colour")):
    """Shelves in Postgres."""


class CarriedCounts(
    ShelfFolds,
    RedisView[ShelfRow],
    name="toys.carried_counts",
    key=("shelf", "colour"),
    pattern="shelf:{shelf}:{colour}",
    ttl=timedelta(minutes=10),
):
    """Shelves in Redis."""


class CarriedSearch(ShelfFolds, SearchView[ShelfRow], name="toys.carried_search", key=("shelf", "colour")):
    """Shelves in search."""


KINDS: tuple[type[View[ShelfRow]], ...] = (Carried, CarriedCounts, CarriedSearch)


async def tell(place: Place, count: int, *, seed: int = 1) -> int:
    """So many events of two tenants, and the position of the last."""
    chance = random.Random(seed)
    history: list[tuple[UUID, tuple[UUID, Event]]] = []
    where: dict[tuple[UUID, UUID], str] = {}
    for number in range(count):
        tenant = chance.choice([TENANT, TENANT, OTHER])
        mine = [pair for pair in where if pair[0] == tenant]
        shelf, amount = chance.choice(SHELVES), chance.randrange(9)
        if not mine or chance.random() < 0.4:
            jar = uuid5(tenant, f"{seed} {number}")
            where[tenant, jar] = shelf
            colour = chance.choice(list(Colour))
            event: Event = Jar.Filled(name="a", shelf=shelf, amount=amount, colour=colour)
        else:
            _, jar = chosen = chance.choice(mine)
            event = chance.choices(
                [
                    Jar.Moved(shelf=shelf, previous=where[chosen], amount=amount),
                    Jar.Broken(shelf=where[chosen]),
                    Jar.Dusted(),
                ],
                [4, 3, 1],
            )[0]
            if isinstance(event, Jar.Moved):
                where[chosen] = shelf
            elif isinstance(event, Jar.Broken):
                del where[chosen]
        history.append((tenant, (jar, event)))
    last = 0
    for begin in range(0, len(history), 100):
        for tenant in (TENANT, OTHER):
            pairs = [pair for owner, pair in history[begin : begin + 100] if owner == tenant]
            if pairs:
                last = await place.tell(*pairs, tenant=tenant)
    return last
