"""Random commands have the outcome that the plain model gives them, alone and in batches."""

import asyncio
import random
from collections import Counter
from uuid import UUID

from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.kit.log import Append, AppendReceipt, Guard, NewEvent, Outcome, Reference, Reservation
from tests.log.appends import TOPIC, command, event, whole
from tests.log.model import Model

_STREAMS = [UUID(int=n) for n in range(1, 13)]
_TOPICS = [TOPIC, TOPIC, TOPIC, "work.project"]


class Choices:
    """Commands over a few streams and values, most of them nearly right."""

    def __init__(self, model: Model, seed: int) -> None:
        self._model = model
        self._random = random.Random(seed)
        self._past: list[Append] = []
        self._name = f"slug {seed}"
        self._tenants = [UUID(int=seed << 64 | n) for n in (1, 2)]

    def command(self) -> Append:
        pick = self._random
        if self._past and pick.random() < 0.1:
            past = pick.choice(self._past)
            if pick.random() < 0.5:
                return past
            return command(tenant=past.tenant_id, command_id=past.command_id, content=b"other")
        tenant = pick.choice(self._tenants)
        streams = pick.sample(_STREAMS, pick.choice([0, 1, 1, 1, 2]))
        append = command(
            *(new for stream in streams for new in self._events(tenant, stream)),
            tenant=tenant,
            references=[Reference("id", pick.choice(_TOPICS), pick.choice(_STREAMS))] * (pick.random() < 0.3),
            guards=[self._guard(tenant)] * (pick.random() < 0.3),
            reserves=[self._hold(stream) for stream in streams[:1] if pick.random() < 0.4],
            releases=[self._hold(pick.choice(_STREAMS)) for _ in range(pick.choice([0, 0, 0, 2]))],
        )
        self._past.append(append)
        return append

    def _events(self, tenant: UUID, stream: UUID) -> list[NewEvent]:
        known = self._model.streams.get((tenant, stream))
        begins = (known.version if known else 0) + 1 + (self._random.random() < 0.05)
        topic = known.topic if known and self._random.random() < 0.95 else self._random.choice(_TOPICS)
        versions = range(begins, begins + self._random.choice([1, 1, 3]))
        ends = self._random.random() < 0.03
        return [event(stream, v, topic=topic, ends=ends and v == versions[-1]) for v in versions]

    def _guard(self, tenant: UUID) -> Guard:
        stream = self._random.choice(_STREAMS)
        known = self._model.streams.get((tenant, stream))
        return Guard(stream, (known.version if known else 0) + (self._random.random() < 0.2))

    def _hold(self, stream: UUID) -> Reservation:
        value = self._random.choice("abcdef")
        return Reservation(self._name, value, stream, "slug", everywhere=value < "c")


async def test_one_after_another(log: PostgresLog, database: Database) -> None:
    model, seen = Model(head=await log.head()), Counter[str]()
    choices = Choices(model, seed=1)
    for _ in range(600):
        append = choices.command()
        outcome = await log.append(append)
        assert outcome == model.append(append)
        seen[type(outcome).__name__] += 1
    assert await whole(database) == model.head
    assert set(seen) == {"AppendReceipt", "Conflict", "Missing", "Taken", "Reused"}


async def test_many_at_once(log: PostgresLog, database: Database) -> None:
    """What came out at once could have come out one after another, in the order of positions."""
    model = Model(head=await log.head())
    choices = Choices(model, seed=2)
    for _ in range(30):
        appends = [choices.command() for _ in range(20)]
        outcomes = await asyncio.gather(*(log.append(append) for append in appends))
        _explain(model, list(zip(appends, outcomes, strict=True)))
    assert await whole(database) == model.head


def _explain(model: Model, round: list[tuple[Append, Outcome]]) -> None:
    """Store in the model what was stored; whatever else was said must have been true at some moment."""
    accepted = [(r, append) for append, r in round if isinstance(r, AppendReceipt) and not r.repeated]
    accepted.sort(key=lambda pair: (pair[0].last, pair[0].first))
    others = [(append, o) for append, o in round if not (isinstance(o, AppendReceipt) and not o.repeated)]
    open_ = [pair for pair in others if model.copy().append(pair[0]) != pair[1]]
    for receipt, append in accepted:
        assert model.append(append) == receipt
        open_ = [pair for pair in open_ if model.copy().append(pair[0]) != pair[1]]
    assert open_ == []
