"""The proof that the log is whole finds each way in which it could be broken."""

import re

import pytest

from app.log.postgres import PostgresLog
from app.log.verify import Finding, examine, verify
from app.settings import Settings
from app.storage.database import Connection, Database
from tests.kit.servers import SECRET
from tests.log.appends import command, event, stored
from tests.operations.command_line import CommandLine

DAMAGES = {
    "density": "delete from es.events where position = 3",
    "streams": "update es.streams set version = 9 where first = 3",
    "commands": "delete from es.commands where first = 2",
    "event ids": "update es.event_ids set position = 4 where position = 3",
}


@pytest.fixture(scope="module", autouse=True)
async def events(log: PostgresLog) -> None:
    first = event()
    stored(await log.append(command(first)))
    for version in range(2, 6):
        stored(await log.append(command(event(first.originator_id, version), event())))
    stored(await log.append(command()))


async def test_a_whole_log_has_no_findings(database: Database) -> None:
    verdict = await verify(database)
    assert (verdict.head, verdict.events, verdict.streams, verdict.commands) == (9, 9, 5, 6)
    assert verdict.findings == ()


@pytest.mark.parametrize("check", DAMAGES)
async def test_finds_damage(owner: Connection, check: str) -> None:
    transaction = owner.transaction()
    await transaction.start()
    # Only by taking the guard away, which its owner can, is a log damaged at all.
    await owner.execute("alter table es.events disable trigger append_only")
    await owner.execute(DAMAGES[check])
    try:
        verdict = await examine(owner)
    finally:
        await transaction.rollback()
    assert check in {finding.check for finding in verdict.findings}


async def test_views_add_their_own_checks(database: Database) -> None:
    async def check(connection: Connection, head: int) -> list[Finding]:
        return [Finding("board", f"one row too few at {head}")]

    assert (await verify(database, checks=[check])).findings == (Finding("board", "one row too few at 9"),)


def test_the_command_says_so_in_prose_and_json(database_url: str) -> None:
    headwater = CommandLine(Settings(database_url=database_url, secret=SECRET))
    prose = headwater("log", "verify")
    assert (prose.code, prose.out) == (0, "The log is whole: 9 events, 5 streams, 6 commands.\n")
    whole = {"head": 9, "events": 9, "streams": 5, "commands": 6, "findings": []}
    assert headwater("log", "verify", "--json").json == whole


def test_the_command_says_now_and_then_how_far_it_is(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.progress.EVERY", 0.0001)
    headwater = CommandLine(Settings(database_url=database_url, secret=SECRET))
    lines = headwater("log", "verify", "--json").err.splitlines()
    assert re.fullmatch(r"headwater: \d of [56] checks done, after 0 s\.", lines[-1])


def test_the_command_tells_a_broken_log_from_an_unread_one() -> None:
    away = Settings(database_url="postgresql://nobody@/nothing?host=/nowhere", secret=SECRET)
    answer = CommandLine(away)("log", "verify")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "headwater: the database could not be reached: nothing listens on its socket.\n"
