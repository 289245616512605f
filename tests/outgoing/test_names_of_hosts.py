"""Names of hosts that hang, or that nobody has."""

import asyncio
import socket
from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest

from app.outgoing.http_client import OutgoingClient
from domain.kit.process.http_client import HttpFailure
from tests.kit.processes import until
from tests.outgoing.servers import destination
from tests.outgoing.test_http_client import call, local, refused


async def test_a_resolver_that_hangs_is_cut_off() -> None:
    async def hanging(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    client = OutgoingClient(resolve=hanging)
    assert await refused(client, "https://example.com/", seconds=0.1) is HttpFailure.TIMEOUT


async def test_names_that_hang_delay_no_other_call(monkeypatch: pytest.MonkeyPatch) -> None:
    ends, asked, ask = Event(), list[str](), socket.getaddrinfo
    waiting: list[asyncio.Task[HttpFailure]] = []

    def hanging(host: str, *more: Any, **named: Any) -> Any:
        asked.append(host)
        if host.endswith(".example"):
            ends.wait(30)
        return ask(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        async with destination() as server:
            client = local()
            names = [f"https://w{number}.hang.example/" for number in range(40)] * 2
            waiting += [asyncio.create_task(refused(client, name, seconds=120)) for name in names]
            await until(lambda: len(asked) >= 40)
            answer = await call(client, f"http://localhost:{server.port}/", seconds=120)
            literal = await call(client, f"http://127.0.0.1:{server.port}/", seconds=120)
            assert {answer.status, literal.status} == {204}
            # Whoever asks the same again takes no thread of its own.
            assert (sorted(asked)[1:], "127.0.0.1" in asked) == (
                sorted(f"w{number}.hang.example" for number in range(40)),
                False,
            )
    finally:
        ends.set()
        for task in waiting:
            task.cancel()


@pytest.mark.slow
async def test_a_name_that_nobody_has_is_not_found() -> None:
    assert await refused(OutgoingClient(), "https://nobody.invalid/") is HttpFailure.NAME
