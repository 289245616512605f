"""Answers are bounded in bytes, also those that nobody reads."""

import asyncio
import socket

import httpx
import orjson
import pytest

from api.kit.execution.limits import Limits
from api.kit.http.streams import SLOW_CLIENT, Outbox
from tests.api.test_ws import begun
from tests.api.toy import BEARER, Served, served

MANY = "query($v: JSON!) { " + " ".join(f"v{n}: json(value: $v)" for n in range(30)) + " }"


async def _asked(server: Served, query: str, value: object) -> httpx.Response:
    async with httpx.AsyncClient(headers=BEARER, timeout=120) as client:
        return await client.post(server.http, json={"query": query, "variables": {"v": value}})


@pytest.mark.parametrize(
    "value",
    ["x" * 400, "é" * 200, "😀" * 100, {"k" * 400: 1}, ["x" * 200, "x" * 200], "\x01" * 80],
    ids=["ascii", "two bytes", "four bytes", "names", "lists", "escaped"],
)
async def test_a_text_shown_many_times_counts_each_time(value: object) -> None:
    async with served(Limits(answer_bytes=10_000)) as server:
        within = await _asked(server, "query($v: JSON!) { json(value: $v) }", value)
        beyond = await _asked(server, MANY, value)
    assert within.json() == {"data": {"json": value}}
    [error] = beyond.json()["errors"]
    assert error["extensions"] == {"code": "RESPONSE_TOO_LARGE", "limit": 10_000}
    assert "data" not in beyond.json()


async def test_a_mutation_whose_answer_is_too_large_is_told_as_done() -> None:
    async with served(Limits(answer_bytes=1_000)) as server:
        answer = await _asked(server, "mutation($v: String!) { shout(text: $v) }", "x" * 2_000)
        assert server.toy.mutations == ["x" * 2_000]
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "RESPONSE_TOO_LARGE"
    assert error["message"].endswith("What was asked for has been done.")


async def test_an_event_too_large_does_not_end_its_subscription() -> None:
    query = "subscription { ticks { text(size: 2000) value } }"
    async with served(Limits(answer_bytes=1_000)) as server, begun(server) as client:
        await client.subscribe("1", query)
        await client.subscribe("2", "{ hello }")
        assert [(await client.receive())["id"] for _ in range(2)] == ["2", "2"]
        for n in range(2):
            server.toy.publish(n)
            answer = await client.receive()
            assert answer["type"] == "next"
            assert answer["payload"]["errors"][0]["extensions"]["code"] == "RESPONSE_TOO_LARGE"


def test_an_outbox_is_full_by_bytes() -> None:
    outbox = Outbox(100, 1_000)
    outbox.put("x" * 500)
    outbox.put("x" * 300)
    assert outbox.ending is None
    outbox.put("x" * 300)
    assert outbox.ending is SLOW_CLIENT


async def test_one_message_may_be_larger_than_an_outbox_but_not_a_second() -> None:
    outbox = Outbox(100, 1_000)
    outbox.put("x" * 5_000)
    assert await outbox.take() == "x" * 5_000
    outbox.put("y" * 5_000)
    outbox.put("z")
    assert outbox.ending is SLOW_CLIENT


async def test_many_answers_of_one_socket_wait_for_each_other_and_not_in_memory() -> None:
    """Each fits, together they do not: whoever reads gets all of them."""
    limits = Limits(answer_bytes=100_000, slow_client_seconds=30)
    query = "query($v: JSON!) { json(value: $v) }"
    async with served(limits) as server, begun(server) as client:
        for n in range(30):
            await client.subscribe(str(n), query, v="x" * 60_000)
        answers = [await client.receive() for _ in range(60)]
    assert sorted(int(answer["id"]) for answer in answers if answer["type"] == "next") == list(range(30))


async def test_who_does_not_read_loses_the_answer_and_holds_nothing() -> None:
    """While it is on its way it fills the share of its caller, so that the next request waits for it."""
    limits = Limits(answer_bytes=30_000_000, caller_bytes=15_050_000, stall_seconds=0.3)
    async with served(limits) as server:
        body = orjson.dumps({"query": MANY, "variables": {"v": "x" * 500_000}})
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            host, port = httpx.URL(server.url).host, httpx.URL(server.url).port
            await loop.sock_connect(deaf, (host, port))
            head = "POST /graphql HTTP/1.1\r\nhost: toy\r\nauthorization: Bearer let-me-in\r\n"
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            await loop.sock_sendall(deaf, head.encode() + body)
            first = await loop.sock_recv(deaf, 200)
            assert first.startswith(b"HTTP/1.1 200")
            async with httpx.AsyncClient(headers=BEARER, timeout=120) as client:
                query = "{ nodes(first: 100) { name } }"
                other = await client.post(server.http, json={"query": query})
            assert len(other.json()["data"]["nodes"]) == 100
            got = len(first)
            while piece := await loop.sock_recv(deaf, 1 << 20):
                got += len(piece)
    assert got < 15_000_000
