"""Two people before the example front end: each sees what the other does, whatever happens to the API."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.auth.people import PASSWORD, Person
from tests.kit.processes import until
from tests.kit.product import Product
from tests.pages.board import Api, Window, api_process, built, preview
from tests.pages.browser import browser
from tests.pages.links import invited

pytestmark = pytest.mark.servers


_NODE = (20, 19, 0)
"""The version that the example's README asks for."""


def _meets(words: str) -> bool:
    """Whether a range of versions, such as ``^16.0.0 || >=18``, has this one."""

    def term(operator: str, version: str) -> bool:
        wanted = tuple(map(int, re.findall(r"[0-9]+", version)))
        match operator:
            case ">=":
                return wanted <= _NODE
            case "<":
                return wanted > _NODE
            case "^":
                return wanted[0] == _NODE[0] and wanted <= _NODE
            case _:
                return wanted == _NODE[: len(wanted)]

    return any(
        all(
            term(operator, version)
            for operator, version in re.findall(r"(>=|<|\^|~|)\s*v?([0-9][0-9.]*)", part)
        )
        for part in words.split("||")
    )


def test_all_that_it_stands_on_runs_on_the_node_that_it_asks_for() -> None:
    lock = json.loads(Path("docs/examples/board/package-lock.json").read_text())
    needs = {
        name: (package.get("engines") or {}).get("node", "*") for name, package in lock["packages"].items()
    }
    assert {name: words for name, words in needs.items() if not _meets(words)} == {}
    assert not _meets(">=22.15.0")
    assert not _meets("^22.22.2 || ^24.15.0 || >=26.0.0")


@dataclass
class Board:
    """The example before an API of its own, and two people who look at it."""

    api: Api
    url: str
    ada: Window
    ben: Window
    first: Person = field(init=False)


@pytest.fixture(scope="module")
async def opened(product: Product, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Board]:
    """Two windows of two browsers in which nobody is signed in."""
    place = await asyncio.to_thread(built, tmp_path_factory.mktemp("board"))
    ada, ben = (tmp_path_factory.mktemp(name) for name in ("ada", "ben"))
    async with api_process(product.settings) as api, preview(place, api.url) as url:
        with browser(ada, scripts=True) as one, browser(ben, scripts=True) as other:
            yield Board(api, url, Window(one.driver), Window(other.driver))


@pytest.fixture
async def board(opened: Board, product: Product) -> Board:
    """Two people of one new company, signed in at an empty board."""
    email = f"{uuid4().hex}@example.com"
    opened.first, invitation = await invited(product, email)
    form = {"token": invitation, "first_name": "Ben", "password": PASSWORD}
    assert (await product.http.post("/accept-invitation", data=form)).status_code == 200
    await opened.ada.sign_in(opened.url, opened.first.email, PASSWORD)
    await opened.ben.sign_in(opened.url, email, PASSWORD)
    return opened


async def test_each_sees_what_the_other_does(board: Board) -> None:
    ada, ben = board.ada, board.ben
    await ada.add("Dig")
    await ben.shows(To_do=["Dig"])
    await ben.rename("Dig", "Dig deep")
    await ada.shows(To_do=["Dig deep"])
    await ada.choose("Dig deep", "Status", "In progress")
    await ben.shows(In_progress=["Dig deep"])
    await ada.choose("Dig deep", "Assignee", "Ben")
    await ben.chosen("Dig deep", "Assignee", "Ben")
    await ben.choose("Dig deep", "Status", "Completed")
    await ben.add("Rake")
    await ada.shows(To_do=["Rake"], Completed=["Dig deep"])
    # Who copies the example begins without a word of complaint.
    assert (await ada.warnings(), await ben.warnings()) == ([], [])


async def test_an_edit_shows_before_its_answer_and_goes_again_if_it_is_refused(board: Board) -> None:
    ada, ben = board.ada, board.ben
    await ada.add("Dig")
    await ada.choose("Dig", "Status", "Completed")
    await ada.add("Rake")
    await ben.shows(To_do=["Rake"], Completed=["Dig"])
    board.api.process.send_signal(signal.SIGSTOP)
    await ada.rename("Rake", "Rake leaves")
    await ada.add("Sow")
    await ada.choose("Dig", "Assignee", "Ben")
    # Nobody can have answered.
    await ada.shows(To_do=["Sow", "Rake leaves"], Completed=["Dig"])
    await ada.chosen("Dig", "Assignee", "Ben")
    await ben.shows(To_do=["Rake"], Completed=["Dig"])
    board.api.process.send_signal(signal.SIGCONT)
    await ada.says("alert", "This task is completed; reopen it first.")
    await ada.chosen("Dig", "Assignee", "Nobody")
    await ben.shows(To_do=["Sow", "Rake leaves"], Completed=["Dig"])
    await ada.shows(To_do=["Sow", "Rake leaves"], Completed=["Dig"])


@pytest.mark.parametrize("resume_events", [10_000, 2], ids=["resuming", "too far back"])
async def test_both_miss_nothing_of_what_happened_while_the_api_was_away(
    board: Board, resume_events: int
) -> None:
    ada, ben, client = board.ada, board.ben, board.first.client
    await ada.add("Dig")
    await ben.shows(To_do=["Dig"])
    await board.api.kill()
    await ada.says("status", "Connecting…")
    await ben.says("status", "Connecting…")
    # Somebody whose API is another one goes on.
    created = [await client.send("CreateTask", input={"title": title}) for title in ("Rake", "Sow")]
    moved = {"id": created[0]["task"]["id"], "status": "IN_REVIEW"}
    await client.send("ChangeTaskStatus", input=moved)
    # What is edited meanwhile is kept, and sent once the API is there again.
    await ada.rename("Dig", "Dig deep")
    await ada.shows(To_do=["Dig deep"])
    await ben.shows(To_do=["Dig"])
    board.api.settings = replace(board.api.settings, resume_events=resume_events)
    await board.api.start()
    for window in (ada, ben):
        await window.shows(To_do=["Sow", "Dig deep"], In_review=["Rake"])
        await window.says("status", "Live")
    await ben.rename("Sow", "Sow beans")
    await ada.shows(To_do=["Sow beans", "Dig deep"], In_review=["Rake"])
    await ada.choose("Dig deep", "Status", "Completed")
    await ben.shows(To_do=["Sow beans"], Completed=["Dig deep"], In_review=["Rake"])


async def test_a_window_goes_on_when_its_token_expires(board: Board, product: Product) -> None:
    tenant = UUID(board.first.given["tenantId"])
    short = product.token(tenant, board.first.id, lifetime=timedelta(seconds=3))
    await board.ada.kept({"accessToken": short})
    await board.ada.reload()
    await board.ada.says("status", "Live")

    async def renewed() -> bool:
        return bool((await board.ada.kept())["accessToken"] != short)

    # The server closes the socket of a token that expires.
    await until(renewed)
    await board.ben.add("Dig")
    await board.ada.shows(To_do=["Dig"])
