"""Many single events at once: they share what is read and stored for them, and nothing else."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.auth.tenant_services import Homes
from app.auth.tokens.principals import Callers
from app.gateway import routes
from app.gateway.admission import SourceAdmission
from app.gateway.ingestion import Ingestion
from app.gateway.schema_checks import SchemaChecks
from app.storage.database import Database
from domain.gateway.bodies import read_line
from domain.gateway.callbacks.notices import PaymentNotice, PaymentOutcome
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.events import OutsideEvent, stream_of
from domain.gateway.outcomes import ReceivedEvent
from domain.kit.caller import Caller
from projections.gateway.event_schemas import SchemaReader
from projections.kit.read.live_generations import Only
from projections.kit.read.postgres_reader import PostgresRows
from tests.gateway.sending import Json, Sender, event, fault
from tests.kit.client import Client
from tests.kit.product import Product

pytestmark = pytest.mark.servers

MANY = 30


class CountedRows(PostgresRows):
    """Counts what the database is asked."""

    asked = 0

    async def _text(self, tenant_id: UUID, sql: str, arguments: Sequence[Any]) -> str:
        self.asked += 1
        return await super()._text(tenant_id, sql, arguments)


@pytest.fixture
async def rows(product: Product) -> AsyncIterator[CountedRows]:
    settings = product.settings
    database = await Database.open(settings.database_url, secret=settings.secret, writers=1, readers=4)
    yield CountedRows(database, Only(1))
    await database.close()


async def test_each_of_many_is_answered_for_itself_in_fewer_transactions(
    shop: Sender, product: Product
) -> None:
    known = event()
    await shop.answers(known)
    good = [event() for _ in range(MANY)]
    bad, other = event(eventType="Order Created"), {**known, "data": {"payload": {"totalAmount": 13}}}
    *taken, rejected, again, conflict = await asyncio.gather(
        *(shop.send(each) for each in (*good, bad, known, other))
    )
    assert [answer.status_code for answer in taken] == [200] * MANY
    assert len({answer.json()["position"] for answer in taken}) == MANY
    assert fault(rejected.json()) == ("envelope", "format", ["eventType"])
    assert again.json()["status"] == "duplicate"
    assert fault(conflict.json()) == ("conflict", "unsuitable", ["eventId"])
    streams = [stream_of(UUID(shop.id), UUID(each["eventId"])) for each in good]
    owner = await asyncpg.connect(product.settings.database_url)
    transactions = await owner.fetchval(
        "select count(distinct xmin::text) from es.events where originator_id = any($1)", streams
    )
    await owner.close()
    assert transactions < MANY


async def test_a_client_that_goes_away_takes_nothing_from_the_others(shop: Sender) -> None:
    """What it sent is stored once, or not at all."""
    sent = [event() for _ in range(MANY)]
    asked = [asyncio.create_task(shop.send(each)) for each in sent]
    await asyncio.sleep(0.02)
    for each in asked[::3]:
        each.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for task, answer in zip(asked, answers, strict=True):
        assert task.cancelled() or (not isinstance(answer, BaseException) and answer.status_code == 200)
    again = await shop.answers(*sent)
    assert {each["status"] for each in again} <= {"accepted", "duplicate"}
    assert len({each["position"] for each in again}) == MANY


async def test_a_key_is_read_once_for_who_shows_it_at_once(
    shop: Sender, client: Client, rows: CountedRows
) -> None:
    living: Any = None
    home: Any = SimpleNamespace(rows=rows)
    callers, admission = Callers(living, Homes(home)), SourceAdmission(rows)
    shown = [shop.key, f"{shop.key[:-1]}{'A' if shop.key[-1] != 'A' else 'B'}"] * MANY
    found = await asyncio.gather(*map(callers.key, shown))
    assert [each is not None for each in found] == [True, False] * MANY
    # Two reads for the first, that of a person's key and that of a source's, and one for all others.
    assert rows.asked == 3
    caller = found[0]
    assert caller is not None
    await asyncio.gather(*(admission.source(caller, None) for _ in range(MANY)))
    assert rows.asked <= 3 + 4
    key = caller.key_id
    await client.send("RevokeSourceKey", input={"id": shop.id, "keyId": str(key)})
    assert await callers.key(shop.key) is None


async def test_schemas_are_read_once_for_the_same_types(client: Client, rows: CountedRows) -> None:
    checks = SchemaChecks(SchemaReader(rows))
    types = [{"order.created"}, {"order.created", "no name"}] * MANY
    await asyncio.gather(*(checks.ready(client.tenant, each) for each in types))
    assert rows.asked == 2
    await checks.ready(client.tenant, {f"order.t{uuid4().hex[:8]}"})
    assert rows.asked == 3


async def test_what_is_large_is_read_aside_and_little_of_it_together(
    shop: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read where everybody is served, one request kept the API from all others for a minute."""
    read: list[tuple[bool, int]] = []

    def watched(line: bytes) -> ReceivedEvent:
        read.append((threading.current_thread() is threading.main_thread(), len(line)))
        return read_line(line)

    taken: list[int] = []

    async def take(intake: Ingestion, by: Caller, source_id: UUID | None, events: Any, **more: Any) -> Any:
        taken.append(sum(length for _, length in read[-len(events) :]))
        return await real(intake, by, source_id, events, **more)

    real = Ingestion.take
    monkeypatch.setattr(routes, "read_line", watched)
    monkeypatch.setattr(Ingestion, "take", take)
    wide: Json = {"payload": {"x": [{}] * 15_000}}
    body = b"\n".join(json.dumps(event(eventType="a.wide", data=wide)).encode() for _ in range(40))
    response = await shop.send(body, **{"content-type": "application/x-ndjson"})
    assert response.text.count('"accepted"') == 40
    assert len(read) == 40
    assert not any(here for here, _ in read)
    assert max(taken) < len(body) // 2


async def test_what_tells_of_a_payment_is_no_duplicate_of_what_does_not(
    shop: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever sends the like before has the payment forgotten."""
    notice = PaymentNotice(outcome=PaymentOutcome.SETTLED, payment_id="pi_1")
    told = OutsideEvent.PaymentTold(source_id=UUID(shop.id), provider=CallbackProvider.STRIPE, payment=notice)
    first = event(timestamp="2026-01-01T12:00:00Z")
    again, signed = ({**first, "timestamp": f"2026-01-01T{12 + hours}:00:00+0{hours}:00"} for hours in (1, 2))
    assert [each["status"] for each in await shop.answers(first, again)] == ["accepted", "duplicate"]
    monkeypatch.setattr(routes, "read_line", lambda line: replace(read_line(line), told=(told,)))
    response = await shop.send(json.dumps(signed).encode(), **{"content-type": "application/x-ndjson"})
    assert fault(response.json()) == ("conflict", "unsuitable", ["eventId"])
