"""Pulls that are tried again: it is told at once, and no more once one has come to its end."""

from datetime import timedelta

import pytest

from tests.connectors.conftest import Puller, connected, seen
from tests.connectors.crm import Crm
from tests.connectors.test_pulls import counts
from tests.kit.client import Client
from tests.outgoing.servers import destination


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("500", "http_500"),
        ("hang", "timed_out"),
        ("cut", "connection_broken"),
        ("broken", "not_json"),
        ("slow down", "http_429"),
        ("overloaded", "http_500"),
        ("deep", "RecursionError"),
    ],
)
async def test_tries_again_within_the_pull_and_not_before_it_is_told_to(
    puller: Puller, client: Client, fault: str, error: str
) -> None:
    crm = Crm(1, 2, 3)
    crm.faults = {"2": [fault]}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url)
        row = await puller.pulled(client, id)
        # It is told at once, minutes before the last try.
        assert (counts(row), row["cursor"], row["error"]) == ((2, 0, 0), "2", error)
        assert row["failedAt"] is not None
        puller.clock.ahead = timedelta(seconds=30)
        await puller.idle(client)
        assert crm.asked.count("2") == (1 if fault in ("slow down", "overloaded") else 2)
        puller.clock.ahead = timedelta(seconds=90)
        await puller.idle(client)
        row = await seen(client, id)
    assert (counts(row), row["error"], crm.asked) == ((3, 0, 0), None, ["", "2", "2"])


async def test_what_a_try_told_is_over_once_another_one_finds_nothing_new(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "REAL_TIME")
        await puller.pulled(client, id)
        crm.faults = {cursor: ["500"] for cursor in ("", "1", "0")}
        assert (await puller.pulled(client, id))["error"] == "http_500"
        puller.clock.ahead = timedelta(seconds=8)
        await puller.idle(client)
        assert (await seen(client, id))["error"] is None
