"""What a process declares is checked when its class is made, and its reactions are pure."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from app.processes.lease import ProcessRefused, enroll
from domain.kit.events import Event
from domain.kit.process.effects import Call, Effect, Fired, Schedule, Then, key_of
from domain.kit.process.process import Process, on, performs, when_due
from domain.kit.process.process_scenario import rehearse
from domain.kit.scenario import NOON
from tests.domain.toys import Account
from tests.processes.outside import Outside
from tests.processes.toys import OpenShop, Thanks
from tests.processes.working import Works

OPENED = Account.Opened(owner="Ann", at=NOON)
PAID = Account.Paid(amount=3)


@dataclass(frozen=True)
class Count:
    """How many."""

    number: int = 0


def test_refuses_an_effect_that_nobody_performs() -> None:
    with pytest.raises(TypeError, match="performs Lost"):

        class Forgetful(Process[Count], name="toys.forgetful"):
            class Lost(Effect): ...


def test_refuses_two_reactions_to_one_event() -> None:
    with pytest.raises(TypeError, match="twice"):

        class Torn(Process[Count], name="toys.torn"):
            @on(Account.Paid)
            def first(self, state: Count, event: Event) -> Then[Count]:
                return Then(state)

            @on(Account.Paid)
            def other(self, state: Count, event: Event) -> Then[Count]:
                return Then(state)


def test_refuses_a_field_that_the_event_has_not() -> None:
    with pytest.raises(TypeError, match="has no field 'person'"):

        class Blind(Process[Count], name="toys.blind"):
            @on(Account.Paid, by="person")
            def paid(self, state: Count, event: Event) -> Then[Count]:
                return Then(state)


def test_refuses_a_state_that_is_no_dataclass() -> None:
    with pytest.raises(TypeError, match="not a dataclass"):

        class Plain(Process[int], name="toys.plain"): ...


def test_refuses_a_version_that_old_state_cannot_reach() -> None:
    with pytest.raises(TypeError, match="no upcast_v1_v2"):

        class Newer(Process[Count], name="toys.newer", version=2): ...


class Renewed(Process[Count], name="toys.renewed", version=2):
    """Once kept a list where there is a number now."""

    @staticmethod
    def upcast_v1_v2(state: dict[str, object]) -> None:
        items = state.pop("items")
        assert isinstance(items, list)
        state["number"] = len(items)


def test_raises_old_state_to_the_new_version() -> None:
    assert Renewed.restore(1, '{"items": [1, 2]}') == Count(2)
    assert Renewed.restore(2, '{"number": 2}') == Count(2)


async def test_refuses_state_of_newer_code(works: Works) -> None:
    class Old(Process[Count], name="toys.renewed"): ...

    await enroll(works.database.writer, Renewed())
    with pytest.raises(
        ProcessRefused, match=r"toys\.renewed was run by version 2 of its code, and this is version 1"
    ):
        await enroll(works.database.writer, Old())


class Ticking(Process[Count], name="toys.ticking"):
    """Counts how often its timer fired."""

    class Tick(Effect):
        number: int

    @on(Account.Opened)
    def opened(self, state: Count | None, event: Account.Opened) -> Then[Count]:
        return Then(Count(), Schedule("tick", event.at))

    @when_due("tick")
    def tick(self, state: Count, fired: Fired) -> Then[Count]:
        return Then(
            Count(state.number + 1), self.Tick(number=1), self.Tick(number=2), Schedule("tick", fired.at)
        )

    @performs(Tick)
    async def do(self, effect: Tick, call: Call[Count]) -> None:
        """Nothing."""


def test_a_timer_may_be_scheduled_again_when_it_fires() -> None:
    ticking = rehearse(Ticking()).happens(OPENED).due("tick").due("tick")
    assert ticking.state == Count(2)
    ticking.decides(Ticking.Tick(number=1), Ticking.Tick(number=2))


def test_an_instance_ends_with_its_stream() -> None:
    ticking = rehearse(Ticking()).happens(OPENED).happens(Account.Closed())
    assert (ticking.state, ticking.timers) == (None, {})


def test_what_is_done_is_heard_of() -> None:
    thanks = rehearse(Thanks(Outside())).happens(PAID).done("gladly")
    assert thanks.state is not None
    assert thanks.state.thanked == 3


def test_a_saga_goes_back_from_where_it_failed() -> None:
    shop = rehearse(OpenShop(Outside())).happens(OPENED).done("a place").failed(certain=False)
    shop.decides(OpenShop.Undo(step="furnish")).done().decides(OpenShop.Undo(step="rent")).done().decides()
    assert shop.state is not None
    assert shop.state.status == "undone"


def test_a_key_is_another_for_each_tenant_process_cause_and_effect() -> None:
    first, other = UUID(int=1), UUID(int=2)
    keys = {
        key_of(first, "a", first, "x"),
        key_of(other, "a", first, "x"),
        key_of(first, "b", first, "x"),
        key_of(first, "a", other, "x"),
        key_of(first, "a", first, "y"),
    }
    assert len(keys) == 5
    assert key_of(first, "a", first, "x") in keys
