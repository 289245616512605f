"""The commands of operators where no worker is: what they answer, refuse, and leave in the log."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.cli.completion import open_rebuild_ids, view_names
from app.contexts import VIEWS
from app.settings import Settings
from projections.kit.declare.postgres import PostgresView
from tests.operations.command_line import CommandLine, register

VIEW = "tasks.tasks"
NOBODY = "headwater: No worker is at work, so nothing is built until one is"


@pytest.fixture
def rebuild(headwater: CommandLine) -> Iterator[str]:
    """The id of a rebuild that has begun, and is given up after the test."""
    ran = headwater("rebuild", VIEW, "--detach", "--json")
    assert ran.code == 0, ran.err
    yield ran.json["id"]
    headwater("cancel", ran.json["id"])


@pytest.fixture(scope="module")
def ran(headwater: CommandLine) -> None:
    """Two processes have run here."""

    async def enrolled() -> None:
        connection = await asyncpg.connect(headwater.settings.database_url)
        names = ["identity.mails", "work.reminders"]
        await connection.executemany(
            "insert into processes.lanes (process, version, since, position) values ($1, 1, 0, 0)",
            [(name,) for name in names],
        )
        await connection.close()

    asyncio.run(enrolled())


def test_lists_every_view(headwater: CommandLine) -> None:
    listed = headwater("views", "--json")
    assert (listed.code, {row["name"] for row in listed.json}) == (0, {view.name for view in VIEWS})
    (row,) = headwater("views", "--name", VIEW, "--json").json
    assert (row["store"], row["generation"], row["live"], row["parked"]) == ("postgres", 1, True, 0)
    table = headwater("views").out
    assert all(view.name in table for view in VIEWS)
    assert "1 live" in table


def test_a_view_that_no_worker_folds_says_so(headwater: CommandLine) -> None:
    states = {
        row["name"]: (row["inline"], row["state"], row["holder"]) for row in headwater("views", "--json").json
    }
    inline = {view.name for view in VIEWS if issubclass(view, PostgresView) and view.inline}
    assert states == {
        view.name: (True, "following", None) if view.name in inline else (False, "stopped", None)
        for view in VIEWS
    }
    assert [
        line.split()[-1] for line in headwater("views", "--name", "tasks.user_stats").out.splitlines()
    ] == [
        "STATE",
        "stopped",
    ]


def test_shows_what_was_asked(headwater: CommandLine) -> None:
    tenant = str(uuid4())
    asyncio.run(register(headwater.settings, UUID(tenant), "mill"))
    options = ("--tenant", "mill", "--rate", "50", "--parallel", "3", "--detach", "--json")
    shown = headwater("rebuild", VIEW, "tasks.user_stats", *options).json
    headwater("cancel", shown["id"])
    facts = [shown[name] for name in ("kind", "tenant_id", "rate", "parallel", "repair", "state")]
    assert facts == ["rebuild", tenant, 50, 3, False, "building"]
    assert [view["view"] for view in shown["views"]] == [VIEW, "tasks.user_stats"]


def test_all_means_every_view(headwater: CommandLine) -> None:
    shown = headwater("rebuild", "--all", "--detach", "--json").json
    headwater("cancel", shown["id"])
    assert {view["view"] for view in shown["views"]} == {view.name for view in VIEWS}


def test_a_comparison_names_its_kind_and_may_repair(headwater: CommandLine) -> None:
    for options, repair in (((), False), (("--repair",), True)):
        shown = headwater("reconcile", VIEW, *options, "--detach", "--json").json
        headwater("cancel", shown["id"])
        assert (shown["kind"], shown["repair"]) == ("reconcile", repair)


@pytest.mark.parametrize("words", [("rebuild",), ("rebuild", VIEW, "--all"), ("rebuilds", "--watch")])
def test_an_unclear_request_is_a_mistake(headwater: CommandLine, words: tuple[str, ...]) -> None:
    assert headwater(*words).code == 2


def test_says_when_no_worker_is_at_work(headwater: CommandLine) -> None:
    ran = headwater("rebuild", VIEW, "--detach")
    id = ran.out.split("headwater cancel ")[1].strip()
    assert headwater("cancel", id).code == 0
    assert f"headwater rebuilds {id} --watch" in ran.out
    assert f"headwater cancel {id}" in ran.out
    assert ran.err.startswith(NOBODY)


def test_directs_a_rebuild(headwater: CommandLine, rebuild: str) -> None:
    assert headwater("pause", rebuild).out == "Paused.\n"
    assert headwater("rebuilds", rebuild, "--json").json["paused"] is True
    again = headwater("pause", rebuild)
    assert (again.code, again.err) == (1, "headwater: This rebuild is paused already.\n")
    assert headwater("resume", rebuild, "--json").json["paused"] is False
    accepted = headwater("accept", rebuild, "--json")
    assert (accepted.code, accepted.json["refused"]["code"]) == (1, "not_possible")
    assert headwater("cancel", rebuild).code == 0
    assert headwater("rebuilds", rebuild, "--json").json["state"] == "cancelled"


def test_lists_rebuilds_the_newest_first(headwater: CommandLine, rebuild: str) -> None:
    assert headwater("rebuilds", "--first", "1", "--json").json[0]["id"] == rebuild
    assert rebuild in headwater("rebuilds").out
    assert f"{VIEW}: 0 of " in headwater("rebuilds", rebuild).out


def test_watching_one_that_is_over_says_how_it_ended(headwater: CommandLine, rebuild: str) -> None:
    headwater("cancel", rebuild)
    watched = headwater("rebuilds", rebuild, "--watch")
    assert watched.code == 1
    assert watched.out.rstrip().endswith("It was cancelled.")
    (line,) = headwater("rebuilds", rebuild, "--watch", "--json").out.splitlines()
    assert '"state":"cancelled"' in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rebuild", "tasks.taks"), "There is no view tasks.taks"),
        (("rollback", str(UUID(int=7))), f"There is no rebuild {UUID(int=7)}."),
        (("rebuilds", str(UUID(int=7))), f"There is no rebuild {UUID(int=7)}."),
        (("pause", str(UUID(int=7))), f"There is no rebuild {UUID(int=7)}."),
        *(
            (words, "There is no view tasks.taks; there are audit.activity_log, auth.accounts, ")
            for words in (
                ("views", "--name", "tasks.taks"),
                ("views", "show", "tasks.taks"),
                ("views", "pause", "tasks.taks", "--reason", "x"),
                ("views", "resume", "tasks.taks"),
                ("views", "retire", "tasks.taks", "--reason", "x"),
                ("reconcile", "tasks.taks"),
                ("parked", "list", "tasks.taks"),
                ("parked", "show", "tasks.taks", str(UUID(int=7))),
                ("parked", "retry", "tasks.taks"),
                ("parked", "discard", "tasks.taks", str(UUID(int=7)), "--reason", "x"),
            )
        ),
        (("effects", "list", "--status", "nope"), "There is no status nope; there are discarded, done, "),
        (
            ("effects", "list", "--process", "nope"),
            "There is no process nope; there are identity.mails, work.reminders.",
        ),
        (
            ("effects", "retry", "--process", "nope"),
            "There is no process nope; there are identity.mails, work.reminders.",
        ),
        (
            ("token", "service", "--tenant", str(UUID(int=7)), "--permission", "nope"),
            "There is no permission nope; there are ",
        ),
        (("account", "suspend", "nobody@example.com"), "There is no such account."),
        (("account", "reactivate", "nobody@example.com"), "There is no such account."),
        (("parked", "retry", VIEW), f"No stream of {VIEW} is parked."),
        (("parked", "show", VIEW, str(UUID(int=7))), f"This stream is not parked in {VIEW}."),
        (("parked", "discard", VIEW, str(UUID(int=7)), "--reason", "x"), f"No stream of {VIEW} is parked."),
    ],
)
@pytest.mark.usefixtures("ran")
def test_refuses_in_a_sentence(headwater: CommandLine, words: tuple[str, ...], message: str) -> None:
    refused = headwater(*words)
    assert refused.code == 1
    assert refused.err.startswith(f"headwater: {message}")


def test_nothing_is_parked(headwater: CommandLine) -> None:
    listed = headwater("parked", "list")
    assert (listed.code, listed.out) == (0, "Nothing is parked.\n")
    assert headwater("parked", "list", VIEW, "--json").json == []


@pytest.mark.parametrize(
    "words",
    [("views",), ("rebuild", VIEW), ("rebuilds",), ("rollback", str(UUID(int=7))), ("parked", "list")],
)
def test_a_database_that_is_away_has_a_code_of_its_own(
    headwater: CommandLine, words: tuple[str, ...]
) -> None:
    away = CommandLine(replace(headwater.settings, database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    ended = away(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("headwater: the database could not be reached: ")


def test_the_audit_names_whoever_typed_the_command(headwater: CommandLine, rebuild: str) -> None:
    by = headwater("rebuilds", rebuild, "--json").json["asked_by"]
    assert by

    async def events() -> list[tuple[str, str]]:
        connection = await asyncpg.connect(headwater.settings.database_url)
        try:
            rows = await connection.fetch(
                "select type, payload ->> 'asked_by' as by from es.events where originator_id = $1",
                UUID(rebuild),
            )
            return [(row["type"], row["by"]) for row in rows]
        finally:
            await connection.close()

    assert asyncio.run(events()) == [("operations.rebuild.requested", by)]


def test_the_shell_completes_views_and_rebuilds(
    headwater: CommandLine, rebuild: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [name for name, _ in view_names("tasks.u")] == ["tasks.user_stats"]
    for variable, value in headwater.settings.environ().items():
        monkeypatch.setenv(variable, value)
    assert open_rebuild_ids(rebuild[:8]) == [(rebuild, f"building: {VIEW}")]
    monkeypatch.setenv("HEADWATER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert open_rebuild_ids("") == []


@asynccontextmanager
async def started(settings: Settings, *words: str, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command as a process of its own, which does not outlive the block."""
    environment = {**os.environ, **settings.environ(), **more}
    command = Path(sys.executable).with_name("headwater")
    # A shell starts what runs in its background with SIGINT ignored, and children inherit that.
    process = await asyncio.create_subprocess_exec(
        command,
        *words,
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_the_command_itself_completes(settings: Settings) -> None:
    words = {"COMP_WORDS": "headwater rebuild tasks.t", "COMP_CWORD": "2"}
    async with started(settings, _HEADWATER_COMPLETE="complete_bash", **words) as process:
        output, errors = await process.communicate()
    assert output.decode().split() == sorted(
        view.name for view in VIEWS if view.name.startswith("tasks.t")
    ), errors


async def test_whoever_stops_watching_leaves_it_to_the_workers(settings: Settings) -> None:
    states: list[str] = []
    async with started(settings, "rebuild", VIEW, "--json") as process:
        assert process.stdout is not None
        first = (await process.stdout.readline()).decode()
        assert '"state":"building"' in first
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 130
    assert NOBODY in errors.decode()
    id = errors.decode().split("headwater cancel ")[1].split()[0]
    for words in (("rebuilds", id, "--json"), ("cancel", id, "--json")):
        async with started(settings, *words) as process:
            output, _ = await process.communicate()
            states.append(json.loads(output)["state"])
    assert states == ["building", "cancelled"]
