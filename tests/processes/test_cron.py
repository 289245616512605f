"""Schedules: the times that come again, whatever the clocks of a zone do."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kit.process.effects import Fired
from domain.kit.process.schedules import Cron, CronInvalid, occurrence_of

PRAGUE = Cron("30 2 * * *", "Europe/Prague")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def times(cron: Cron, after: str, before: str) -> list[str]:
    found, moment = [], cron.after(at(after))
    while moment is not None and moment < at(before):
        found.append(moment.strftime("%m-%d %H:%M"))
        moment = cron.after(moment)
    return found


def test_a_time_that_the_clocks_repeat_comes_once() -> None:
    assert times(PRAGUE, "2026-10-24T12:00Z", "2026-10-26T12:00Z") == ["10-25 00:30", "10-26 01:30"]


def test_no_time_is_before_the_moment_that_is_asked_about() -> None:
    moment = at("2026-10-24T22:00Z")
    while moment < at("2026-10-25T04:00Z"):
        found = PRAGUE.after(moment)
        assert found == at("2026-10-25T00:30Z" if moment < at("2026-10-25T00:30Z") else "2026-10-26T01:30Z")
        moment += timedelta(minutes=10)


def test_a_time_that_the_clocks_skip_comes_when_they_are_past_it() -> None:
    assert times(PRAGUE, "2027-03-27T12:00Z", "2027-03-29T12:00Z") == ["03-28 01:00", "03-29 00:30"]


def test_hours_that_really_pass_are_all_counted() -> None:
    every = Cron("0 * * * *", "Europe/Prague")
    assert len(times(every, "2026-10-24T22:00Z", "2026-10-25T23:00Z")) == 24
    assert len(times(every, "2027-03-27T23:00Z", "2027-03-28T22:00Z")) == 22


def test_a_year_far_off_comes_and_the_end_of_years_is_no_error() -> None:
    assert Cron("0 0 29 2 *").after(at("2096-03-01T00:00Z")) == at("2104-02-29T00:00Z")
    assert PRAGUE.after(at("9999-12-31T12:00Z")) is None


@pytest.mark.parametrize(
    ("expression", "zone", "why"),
    [
        ("* * * *", "UTC", "has not five fields"),
        ("@daily", "UTC", "has not five fields"),
        ("0 * * * * *", "UTC", "has not five fields"),
        ("61 * * * *", "UTC", "has a minute that cannot be"),
        ("0 24 * * *", "UTC", "has a hour that cannot be"),
        ("0 0 30 2 *", "UTC", "has a day-of-month that cannot be"),
        ("0 0 * * mond", "UTC", "has a day-of-week that cannot be"),
        ("1" * 101, "UTC", "has more than 100 characters"),
        ("0 0 * * *", "Europe/Atlantis", "is in no time zone"),
        ("0 0 * * *", "../../etc/passwd", "is in no time zone"),
        ("0 0 * * *", "", "is in no time zone"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_reason(expression: str, zone: str, why: str) -> None:
    with pytest.raises(CronInvalid, match=why):
        Cron(expression, zone)


@given(st.text("0123456789*/,-#LWabc ", max_size=30))
def test_whatever_is_written_is_a_schedule_or_refused(text: str) -> None:
    try:
        cron = Cron(text, "Europe/Prague")
    except CronInvalid:
        return
    first = cron.after(at("2026-10-24T12:00Z"))
    assert first is not None
    assert first > at("2026-10-24T12:00Z")


def _fired(due: datetime, now: datetime) -> Fired:
    return Fired(timer="pull", instance="", due_at=due, at=now)


def test_of_all_that_went_by_one_comes_late() -> None:
    due = at("2026-10-01T00:30Z")
    this = occurrence_of(PRAGUE, uuid4(), _fired(due, at("2026-10-20T12:00Z")))
    assert (this.due_at, this.next_at) == (due, at("2026-10-21T00:30Z"))


def test_a_clock_that_was_set_back_brings_no_time_again() -> None:
    due = at("2026-10-01T00:30Z")
    this = occurrence_of(PRAGUE, uuid4(), _fired(due, due - timedelta(days=3)))
    assert this.next_at == at("2026-10-02T00:30Z")


def test_an_occurrence_is_known_by_schedule_and_time() -> None:
    due, other = at("2026-10-01T00:30Z"), at("2026-10-02T00:30Z")
    late = due + timedelta(hours=5)
    first = occurrence_of(PRAGUE, UUID(int=1), _fired(due, due))
    assert first.id == occurrence_of(PRAGUE, UUID(int=1), _fired(due.astimezone(UTC), late)).id
    assert first.id != occurrence_of(PRAGUE, UUID(int=2), _fired(due, due)).id
    assert first.id != occurrence_of(PRAGUE, UUID(int=1), _fired(other, due)).id
