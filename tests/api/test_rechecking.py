"""Open streams are cut off when who opened them may not have them any more."""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

import pytest

from api.kit.execution.errors import Unauthenticated
from api.kit.http.reauthentication import CHANGED, Rechecks
from api.kit.http.streams import CloseReason, Outbox

SECONDS = 0.01


@dataclass
class Door:
    """Knows people by their token; each is their own scope."""

    known: dict[str, str]
    calls: list[str] = field(default_factory=list)
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    async def authenticate(self, credentials: Mapping[str, str]) -> str:
        self.calls.append(credentials["token"])
        self._called.set()
        name = self.known.get(credentials["token"])
        if name == "fault":
            raise ConnectionError("the database is away")
        if name is None:
            raise Unauthenticated("The session is over.")
        return name

    async def rounds(self, count: int) -> None:
        """Wait until so many more checks were made."""
        until = len(self.calls) + count
        while len(self.calls) < until:
            self._called.clear()
            await self._called.wait()


@pytest.fixture
def door() -> Door:
    return Door({"a": "ann", "b": "bob"})


@pytest.fixture
def rechecks(door: Door) -> Rechecks[str]:
    return Rechecks(door.authenticate, lambda identity: identity, SECONDS)


async def _ended(outbox: Outbox) -> CloseReason | None:
    async with asyncio.timeout(120):
        while await outbox.take() is not None:
            pass
    return outbox.ending


async def test_who_is_not_known_any_more_is_cut_off_and_the_others_stay(
    door: Door, rechecks: Rechecks[str]
) -> None:
    ann, bob = Outbox(10), Outbox(10)
    leave = [rechecks.watch({"token": "a"}, "ann", ann), rechecks.watch({"token": "b"}, "bob", bob)]
    del door.known["a"]
    assert await _ended(ann) == CloseReason(4403, "Forbidden: The session is over.")
    await door.rounds(4)
    assert bob.ending is None
    for end in leave:
        end()


async def test_what_was_waiting_is_not_sent(door: Door, rechecks: Rechecks[str]) -> None:
    ann = Outbox(10)
    leave = rechecks.watch({"token": "a"}, "ann", ann)
    ann.put("secret")
    del door.known["a"]
    async with asyncio.timeout(120):
        await door.rounds(2)
    assert await ann.take() is None
    leave()


async def test_who_may_see_something_else_is_told_to_connect_again(
    door: Door, rechecks: Rechecks[str]
) -> None:
    ann = Outbox(10)
    leave = rechecks.watch({"token": "a"}, "ann", ann)
    door.known["a"] = "ann with less"
    assert await _ended(ann) == CHANGED
    leave()


async def test_streams_with_the_same_credentials_cost_one_check(door: Door, rechecks: Rechecks[str]) -> None:
    leave = [rechecks.watch({"token": "a"}, "ann", Outbox(10)) for _ in range(1000)]
    assert len(rechecks) == 1
    for end in leave:
        end()
    assert len(rechecks) == 0


async def test_of_many_those_are_asked_first_about_whom_something_has_changed(door: Door) -> None:
    changed: set[str] = set()
    door.known = {f"{n}": f"{n}" for n in range(1000)}
    rechecks = Rechecks(
        door.authenticate, lambda identity: identity, SECONDS, lambda identity: identity in changed
    )
    outboxes = {name: Outbox(10) for name in door.known}
    leave = [rechecks.watch({"token": name}, name, outbox) for name, outbox in outboxes.items()]
    del door.known["999"]
    changed.add("999")
    assert (await _ended(outboxes["999"])) is not None
    assert door.calls.index("999") == 0
    # And all others in turn, though nothing is known of them.
    async with asyncio.timeout(120):
        while set(door.calls) != set(outboxes):
            await door.rounds(100)
    assert [name for name, outbox in outboxes.items() if outbox.ending is not None] == ["999"]
    for end in leave:
        end()


async def test_rounds_know_nothing_of_the_request_that_came_first(door: Door) -> None:
    asked = ContextVar("asked", default="")
    asked.set("by somebody else")
    seen = set[str]()

    async def authenticate(credentials: Mapping[str, str]) -> str:
        seen.add(asked.get())
        return await door.authenticate(credentials)

    leave = Rechecks(authenticate, lambda identity: identity, SECONDS).watch(
        {"token": "a"}, "ann", Outbox(10)
    )
    await door.rounds(2)
    assert seen == {""}
    leave()


async def test_nobody_is_asked_when_nothing_is_open(door: Door, rechecks: Rechecks[str]) -> None:
    leave = rechecks.watch({"token": "a"}, "ann", Outbox(10))
    await door.rounds(2)
    leave()
    leave()
    before = len(door.calls)
    again = rechecks.watch({"token": "b"}, "bob", Outbox(10))
    await door.rounds(2)
    assert set(door.calls[before:]) == {"b"}
    again()


async def test_while_nobody_can_tell_streams_stay_and_the_others_are_checked(
    door: Door, rechecks: Rechecks[str], caplog: pytest.LogCaptureFixture
) -> None:
    ann, bob = Outbox(10), Outbox(10)
    leave = [rechecks.watch({"token": "a"}, "ann", ann), rechecks.watch({"token": "b"}, "bob", bob)]
    door.known["a"] = "fault"
    del door.known["b"]
    assert (await _ended(bob)) is not None
    await door.rounds(1)
    assert ann.ending is None
    assert "the database is away" in caplog.text
    for end in leave:
        end()
