"""``headwater parked`` on a view that appends keep, where the command itself does what it asks."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.settings import Settings
from app.storage.database import plain_url
from domain.kit.log import Envelope
from projections.kit.follow.lane import Stuck
from projections.kit.follow.parking import park
from tests.operations.command_line import CommandLine

VIEW = "tasks.tasks"
TENANT = UUID(int=7)


@pytest.fixture(scope="module")
def headwater(settings: Settings) -> CommandLine:
    """The ``headwater`` command on this module's servers."""
    command = CommandLine(settings)
    assert command("rebuilds").code == 0
    return command


@pytest.fixture
def stream(headwater: CommandLine) -> Iterator[UUID]:
    """A stream that is parked."""
    stream = uuid4()
    asyncio.run(_park(headwater.settings, stream))
    yield stream
    headwater("parked", "retry", "--all")


async def _park(settings: Settings, stream: UUID) -> None:
    now = datetime.now(UTC)
    place = (TENANT, "work.task", stream, 1, uuid4(), "work.task.created", 1, now, b"{}", b"{}")
    envelope = Envelope(1, *place, uuid4(), "", None, None, None, "", "", "")
    connection = await asyncpg.connect(plain_url(settings.database_url))
    try:
        stuck = Stuck(envelope, "KeyError while folding work.task.created at tasks.py:1", 3)
        await park(connection, VIEW, 1, [stuck])
    finally:
        await connection.close()


def test_lists_and_shows_what_is_parked(headwater: CommandLine, stream: UUID) -> None:
    listed = headwater("parked", "list", "--json")
    (row,) = listed.json
    assert (listed.code, row["view"], row["stream"], row["attempts"]) == (0, VIEW, str(stream), 3)
    assert str(stream) in headwater("parked", "list", VIEW).out
    shown = headwater("parked", "show", VIEW, str(stream))
    assert "stopped at position 1" in shown.out
    assert "KeyError while folding work.task.created" in shown.out


def test_nothing_is_called_fine_while_something_is_parked(headwater: CommandLine, stream: UUID) -> None:
    assert headwater("parked", "list", "--check").code == 1
    assert f"Not well: {VIEW} has 1 stream parked." in headwater("status").out
    assert headwater("status").code == 1


def test_retries_all_there_is(headwater: CommandLine, stream: UUID) -> None:
    retried = headwater("parked", "retry", "--all")
    assert (retried.code, retried.out) == (0, "1 stream is to be folded.\n")
    assert headwater("parked", "list", "--check").code == 0


def test_a_retry_names_a_view_or_all(headwater: CommandLine) -> None:
    assert headwater("parked", "retry").code == 2
    assert headwater("parked", "retry", VIEW, "--all").code == 2


def test_discards_for_a_reason_that_is_in_the_log(headwater: CommandLine, stream: UUID) -> None:
    discarded = headwater("parked", "discard", VIEW, str(stream), "--reason", "a test stream")
    assert (discarded.code, discarded.out) == (0, "1 stream is to be left out.\n")
    assert headwater("parked", "list").out == "Nothing is parked.\n"
    assert "a test stream" in asyncio.run(_payloads(headwater.settings))


async def _payloads(settings: Settings) -> str:
    connection = await asyncpg.connect(plain_url(settings.database_url))
    try:
        return str(
            await connection.fetchval(
                """select string_agg(payload::text, ' ') from es.events
                    where type = 'operations.repair.discard_requested'"""
            )
        )
    finally:
        await connection.close()
