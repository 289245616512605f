"""Aggregates: the first event, those after it, the end, and what the library keeps watch over."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import OriginatorIDError, OriginatorVersionError

from domain.kit.aggregate import Aggregate
from domain.kit.bus.repository import restore
from domain.kit.clock import at
from domain.kit.events import Event
from domain.kit.log import Reservation, StoredSnapshot
from tests.domain.envelopes import NOON, STREAM
from tests.domain.toys import Account

LATER = datetime(2030, 1, 2, tzinfo=UTC)
OPENED = Account.Opened(owner="Anna", at=NOON)


def opened() -> Account:
    with at(NOON):
        return Account.begin(STREAM, OPENED)


def test_begins_with_its_first_event() -> None:
    account = opened()
    assert (account.id, account.version, account.owner, account.balance) == (STREAM, 1, "Anna", 0)
    assert account.created_on == account.modified_on == NOON


def test_records_the_next_event_and_applies_it() -> None:
    account = opened()
    with at(LATER):
        account.record(Account.Paid(amount=3))
    assert (account.version, account.balance, account.modified_on) == (2, 3, LATER)
    assert account.created_on == NOON


def test_events_are_stamped_with_stream_version_and_moment() -> None:
    account = opened()
    with at(LATER):
        account.record(Account.Paid(amount=3))
    stamps = [(event.originator_id, event.originator_version, event.timestamp) for event in account.decided()]
    assert stamps == [(STREAM, 1, NOON), (STREAM, 2, LATER)]


def test_what_was_decided_is_told_once() -> None:
    account = opened()
    assert account.decided() == [OPENED]
    assert account.decided() == []


def test_what_was_claimed_is_told_once() -> None:
    account = opened()
    account.reserve("name", "anna", field="owner")
    account.release("name", "ben")
    account.refer("toys.user", STREAM, field="user_id")
    claims = account.collect_claims()
    assert claims.reserves == (Reservation("name", "anna", STREAM, "owner"),)
    assert [release.value for release in claims.releases] == ["ben"]
    assert [(reference.field, reference.topic, reference.id) for reference in claims.references] == [
        ("user_id", "toys.user", STREAM)
    ]
    nothing = account.collect_claims()
    assert (nothing.reserves, nothing.releases, nothing.references) == ((), (), ())


def test_an_event_without_a_change_still_counts() -> None:
    account = opened()
    with at(NOON):
        account.record(Account.Noted(by=STREAM))
    assert account.version == 2


def test_nothing_is_recorded_outside_a_moment() -> None:
    with pytest.raises(LookupError):
        opened().record(Account.Paid(amount=3))


def test_lives_until_an_ending_event() -> None:
    account = opened()
    assert not account.ended
    with at(NOON):
        account.record(Account.Closed())
    assert account.ended


def test_a_first_event_may_be_the_last() -> None:
    class Spark(Aggregate, topic="toys.spark"):
        class Flashed(Event, ends=True): ...

    with at(NOON):
        assert Spark.begin(STREAM, Spark.Flashed()).ended


def test_state_is_never_shared() -> None:
    first, other = opened(), opened()
    with at(NOON):
        first.record(Account.Paid(amount=3))
    assert first.payments == [3]
    assert other.payments == []


def test_a_gap_in_the_stream_is_an_error() -> None:
    with pytest.raises(OriginatorVersionError):
        Account.Paid(amount=3).stamped(STREAM, 3, NOON).mutate(opened())


def test_an_event_applied_twice_is_an_error() -> None:
    account = opened()
    paid = Account.Paid(amount=3).stamped(STREAM, 2, NOON)
    paid.mutate(account)
    with pytest.raises(OriginatorVersionError):
        paid.mutate(account)


def test_a_stream_whose_first_event_is_missing_is_an_error() -> None:
    with pytest.raises(OriginatorVersionError):
        Account.Paid(amount=3).stamped(STREAM, 2, NOON).mutate(None)


def test_an_event_of_another_stream_is_an_error() -> None:
    with pytest.raises(OriginatorIDError):
        Account.Paid(amount=3).stamped(uuid4(), 2, NOON).mutate(opened())


def test_what_is_stored_survives_a_move_of_the_class() -> None:
    assert Account.topic == "toys.account"
    assert [event.stored_as for event in Account.events] == [
        "toys.account.opened",
        "toys.account.paid",
        "toys.account.withdrawn",
        "toys.account.noted",
        "toys.account.closed",
    ]


class Box(Aggregate, topic="toys.box"):
    """A box whose state had two shapes and grew since."""

    class_version: ClassVar[int] = 2

    class Packed(Event):
        items: tuple[str, ...]

    items: frozenset[str]
    keeper: UUID | None = None
    labels: ClassVar[int] = 0

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Version 1 kept one text."""
        state["items"] = state.pop("contents").split(", ")


def stored(state: bytes, *, class_version: int) -> StoredSnapshot:
    return StoredSnapshot(
        originator_version=7, timestamp=LATER, topic="toys.box", state=state, class_version=class_version
    )


def test_restores_a_snapshot_as_typed_state() -> None:
    state = b'{"items": ["a", "b"], "keeper": "00000000-0000-7000-8000-00000000000a", "ended": false, \
"_created_on": "2030-01-01T12:00:00Z", "_modified_on": "2030-01-02T00:00:00Z"}'
    box = restore(STREAM, stored(state, class_version=2))
    assert isinstance(box, Box)
    assert (box.id, box.version, box.items, box.keeper) == (STREAM, 7, frozenset("ab"), STREAM)
    assert (box.created_on, box.modified_on, box.ended, box.decided()) == (NOON, LATER, False, [])


def test_restores_a_snapshot_of_an_older_shape() -> None:
    box = restore(STREAM, stored(b'{"contents": "a, b", "gone": 1, "ended": true}', class_version=1))
    assert isinstance(box, Box)
    assert (box.items, box.keeper, box.ended) == (frozenset("ab"), None, True)


def test_state_without_its_upcast_is_refused() -> None:
    with pytest.raises(TypeError, match="Crate has class_version 2 but no upcast_v1_v2"):

        class Crate(Aggregate, topic="toys.crate"):
            class_version: ClassVar[int] = 2
