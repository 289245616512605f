"""Sagas: steps in their order, undone in the reverse order when one fails."""

from uuid import uuid4

import msgspec
import pytest

from app.telemetry.process_status import EffectLedger
from domain.kit.bus.bus import Bus
from domain.kit.process.effects import Call
from domain.kit.process.saga import Saga, Step
from tests.domain.sending import accepted
from tests.domain.toys import CloseAccount, OpenAccount
from tests.kit.processes import until
from tests.processes.outside import Outside
from tests.processes.toys import OpenShop, Order
from tests.processes.working import SetClock, Works


async def _open(bus: Bus, owner: str) -> None:
    await accepted(bus, OpenAccount(id=uuid4(), owner=owner))


async def _state(works: Works) -> dict[str, object]:
    [(state,)] = await works.rows("select state from processes.instances")
    decoded: dict[str, object] = msgspec.json.decode(state)
    return decoded


async def test_does_its_steps_in_order_and_keeps_what_they_returned(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.start(OpenShop(outside))
    await _open(bus, "Ann")
    await works.quiet()
    assert outside.deeds == ["rent", "furnish", "sign"]
    state = await _state(works)
    assert state["status"] == "finished"
    assert state["results"] == {"rent": "did rent", "furnish": "did furnish", "sign": "did sign"}


async def test_undoes_what_was_done_in_reverse_order(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.start(OpenShop(outside))
    await _open(bus, "Ann!sign")
    await works.quiet()
    assert outside.deeds == ["rent", "furnish", "clear", "leave"]
    state = await _state(works)
    assert (state["status"], state["failed"], state["error"], state["done"]) == ("undone", "sign", "no", [])


async def test_undoes_too_what_may_have_happened(works: Works, bus: Bus, clock: SetClock) -> None:
    outside, clock.tick = Outside(), 1
    await works.start(OpenShop(outside))
    await _open(bus, "Ann!furnish?")
    await works.quiet()
    assert outside.deeds == ["rent", "furnish", "clear", "leave"]


async def test_leaves_alone_what_certainly_did_not_happen(works: Works, bus: Bus) -> None:
    outside = Outside()
    await works.start(OpenShop(outside))
    await _open(bus, "Ann!furnish")
    await works.quiet()
    assert outside.deeds == ["rent", "leave"]


async def test_every_step_and_undo_is_in_the_ledger_once(works: Works, bus: Bus) -> None:
    await works.start(OpenShop(Outside()))
    await _open(bus, "Ann!sign")
    await works.quiet()
    assert await works.statuses() == [
        ("do rent", "done"),
        ("do furnish", "done"),
        ("do sign", "failed"),
        ("undo furnish", "done"),
        ("undo rent", "done"),
    ]


async def test_can_be_given_up_in_the_middle(works: Works, bus: Bus) -> None:
    outside, account = Outside(), uuid4()

    async def closed_meanwhile(what: str, call: Call[object]) -> None:
        if what == "furnish":
            await accepted(bus, CloseAccount(id=account))
            head = await works.log.head()

            async def known() -> bool:
                return bool(await works.rows("select 1 from processes.lanes where position >= $1", head))

            await until(known)

    outside.trouble = closed_meanwhile
    await works.start(OpenShop(outside))
    await accepted(bus, OpenAccount(id=account, owner="Ann"))
    await works.quiet()
    assert outside.deeds == ["rent", "furnish", "clear", "leave"]


async def test_an_undo_that_fails_is_parked_and_goes_on_when_it_is_retried(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside, clock.tick = Outside(), 1
    outside.trouble = _no_clearing
    await works.start(OpenShop(outside))
    await _open(bus, "Ann!sign")
    await works.reach("done", "done", "failed", "parked")
    outside.trouble = None
    await EffectLedger(works.database.writer).retry(process="toys.open_shop")
    await works.quiet()
    assert outside.deeds == ["rent", "furnish", "clear", "leave"]


async def test_an_undo_that_is_discarded_lets_the_others_be_undone(
    works: Works, bus: Bus, clock: SetClock
) -> None:
    outside, clock.tick = Outside(), 1
    outside.trouble = _no_clearing
    await works.start(OpenShop(outside))
    await _open(bus, "Ann!sign")
    await works.reach("done", "done", "failed", "parked")
    [parked] = await EffectLedger(works.database.writer).list(statuses=["parked"])
    await EffectLedger(works.database.writer).discard([parked.id], reason="cleared by hand")
    await works.quiet()
    assert outside.deeds == ["rent", "furnish", "leave"]
    assert (await _state(works))["status"] == "undone"


async def _no_clearing(what: str, call: Call[object]) -> None:
    if what == "clear":
        raise ConnectionError("gone")


def test_refuses_steps_of_one_name() -> None:
    async def act(saga: object, order: object, call: object) -> None:
        """Do nothing."""

    with pytest.raises(TypeError, match="name of its own"):

        class Twice(Saga[Order], name="toys.twice"):
            steps = (Step("one", do=act), Step("one", do=act))
