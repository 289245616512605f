"""What a command says of an error, and which errors it waits through."""

import asyncpg
import pytest

from app.cli.failures import sentence
from app.cli.reconnect import Reconnecting
from app.log.failures import LogUnavailable


async def test_what_is_no_absence_of_the_database_ends_a_watch_at_once() -> None:
    attempts = 0

    async def wrong() -> None:
        nonlocal attempts
        attempts += 1
        raise asyncpg.UndefinedTableError("there is no such table")

    with pytest.raises(asyncpg.UndefinedTableError):
        await Reconnecting().ask(wrong)
    assert attempts == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            LogUnavailable("The event log cannot be reached."),
            "a server could not be reached: The event log cannot be reached.",
        ),
        (
            asyncpg.InternalClientError("cannot switch to state 12"),
            "the database could not be reached: it ended the connection",
        ),
    ],
)
def test_what_comes_of_a_server_that_went_is_a_sentence(error: Exception, said: str) -> None:
    assert sentence(error) == said
