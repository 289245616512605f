"""The product with what looks for patterns and anomalies at work, on a clock that tests set forward."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.gateway.outside_history import StoredHistory
from app.storage.database import Database
from domain.gateway.detection.anomaly_detection import AnomalyDetection
from domain.gateway.detection.pattern_detection import PatternDetection
from tests.gateway.sending import Sender, a_source, event
from tests.kit.at_work import AtWork, LateClock, at_work
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

DETECTING = (PatternDetection, AnomalyDetection)


def happened(type: str, ago: float, user: str = "u-1", **more: object) -> dict[str, Any]:
    """An event of somebody, so many seconds ago."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=ago)
    return event(eventType=type, timestamp=at.isoformat(), userId=user, **more)


@dataclass
class Detector:
    """What looks for patterns and anomalies."""

    product: Product
    work: AtWork
    database: Database
    clock: LateClock
    history: StoredHistory
    patterns: PatternDetection

    async def look(self, client: Client) -> None:
        """Wait until all that a company has received was looked at."""
        # One that is under way may have begun before the last events were received, and the one after it is due a
        # moment after that, whatever the clock says by now.
        for _ in range(3):
            before = await self.looks(client)
            self.clock.ahead += timedelta(seconds=11)

            async def looked(before: int = before) -> bool:
                return await self.looks(client) > before

            await until(looked)

    async def judged(self, client: Client, hours: int) -> None:
        """Wait until so many hours were judged."""

        async def done() -> bool:
            return await self._ended(client, AnomalyDetection.name) >= hours

        await until(done)

    async def looks(self, client: Client) -> int:
        """How many looks there were."""
        return await self._ended(client, PatternDetection.name)

    async def _ended(self, client: Client, process: str) -> int:
        query = """select count(*) from processes.ledger
                    where tenant_id = $1 and process = $2 and status = 'done' and key <> 'fired'"""
        return int(await self.database.writer.fetchval(query, client.tenant, process))


@pytest.fixture
async def detector(product: Product) -> AsyncIterator[Detector]:
    """A worker of these processes."""
    async with at_work(product.settings, *DETECTING) as work:
        patterns = next(process for process in work.processes if isinstance(process, PatternDetection))
        history = StoredHistory(work.database, work.live, work.writes.log)
        yield Detector(product, work, work.database, work.clock, history, patterns)


@pytest.fixture
async def shop(product: Product, client: Client) -> Sender:
    """A source in a tenant of its own."""
    return await a_source(product, client)


async def defined(client: Client, kind: str, types: list[str], seconds: int, **more: object) -> str:
    """The id of a pattern by user."""
    terms = {"name": kind, "kind": kind, "eventTypes": types, "windowSeconds": seconds, "relatedBy": "USER"}
    receipt = await client.send("DefineEventPattern", input=terms | more)
    assert "eventPattern" in receipt, receipt
    id: str = receipt["eventPattern"]["id"]
    return id


async def matches(client: Client, **filter: object) -> list[dict[str, Any]]:
    """What was found."""
    found = await client.send("PatternMatches", filter=filter or None)
    return [edge["node"] for edge in found["edges"]]
