"""What a pull does next, whatever came of what it did last; and who may have connectors pull."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.gateway.pulls.http_pages import json_in, linked_page
from domain.gateway.connectors.connector_commands import (
    ChangeConnector,
    NotePage,
    NotePullFailure,
    RegisterConnector,
    ResumeConnector,
    RunConnector,
)
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.pull_effects import Discard, Load, Pull, Swap
from domain.gateway.connectors.pulls import ConnectorPulls
from domain.gateway.connectors.terms import Pagination, SyncMode
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.process.effects import EffectRefused
from domain.kit.process.process_scenario import ProcessScenario, rehearse
from domain.kit.refusals import TakesAPerson
from domain.kit.scenario import NOON, given

ID, FILE = UUID(int=1), UUID(int=2)
PAGE = {
    "cursor": "2",
    "over": True,
    "mark": "m",
    "moved": False,
    "fresh": False,
    "round": 0,
    "accepted": 0,
    "duplicates": 1,
    "rejected": 0,
}
LOAD = {"known": {}, "gone": 0, "accepted": 1, "duplicates": 0, "rejected": 0}


def registered(mode: SyncMode) -> Connector.Registered:
    """A connector that pulls ten seconds after noon."""
    real_time = mode is SyncMode.REAL_TIME
    return Connector.Registered(
        name="Contacts",
        source_id=UUID(int=3),
        url="https://crm.example/contacts",
        mode=mode,
        pagination=Pagination.LINK,
        event_type="contact.changed",
        gone_type=None,
        items_path=None,
        id_path="id",
        time_path="changed",
        user_path=None,
        cursor_path=None,
        parameter=None,
        cron=None if real_time else "* * * * *",
        zone="UTC",
        seconds=10 if real_time else None,
        header=None,
        next_at=NOON + timedelta(seconds=10),
    )


def pulling(mode: SyncMode) -> ProcessScenario[Any]:
    """A connector whose first pull is under way."""
    process = ConnectorPulls.__new__(ConnectorPulls)
    return rehearse(process, id=ID).happens(registered(mode)).due("pull")


def test_a_page_may_begin_with_a_byte_order_mark() -> None:
    assert json_in(b'\xef\xbb\xbf{"items": []}') == {"items": []}


@pytest.mark.parametrize(
    "command",
    [
        RegisterConnector(
            id=ID,
            name="Contacts",
            source_id=UUID(int=3),
            url="https://crm.example/contacts",
            mode=SyncMode.FULL,
            pagination=Pagination.LINK,
            event_type="contact.changed",
        ),
        ChangeConnector(id=ID, name="People"),
        ResumeConnector(id=ID),
        RunConnector(id=ID),
    ],
    ids=lambda command: type(command).__name__,
)
def test_no_key_has_anything_pulled(command: Command) -> None:
    key = Caller(tenant_id=UUID(int=4), user_id=UUID(int=5), kind="key")
    before = () if isinstance(command, RegisterConnector) else (registered(SyncMode.FULL),)
    if isinstance(command, ResumeConnector):
        before = (*before, Connector.Paused())
    given(*before).by(key).when(command).refused(TakesAPerson)


def test_what_is_well_again_is_looked_at_as_often_as_ever() -> None:
    scenario = pulling(SyncMode.REAL_TIME)
    for _ in range(6):
        scenario.failed("http_500").due("pull")
    assert scenario.timers["pull"] == scenario.moment + timedelta(seconds=640)
    scenario.done(PAGE)
    assert scenario.timers["pull"] == scenario.moment + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("change", "noted"),
    [
        ({}, 0),
        ({"rejected": 1}, 0),
        ({"moved": True}, 1),
        ({"fresh": True, "accepted": 1}, 2),
    ],
)
def test_a_look_that_finds_nothing_is_no_event_and_one_that_leads_on_is(
    change: dict[str, Any], noted: int
) -> None:
    decided = pulling(SyncMode.REAL_TIME).done({**PAGE, **change}).decided
    assert len(decided) == noted
    assert noted == 0 or isinstance(decided[0], NotePage)


@pytest.mark.parametrize("failures", [1, 2])
def test_a_page_that_failed_is_known_when_it_is_read_again(failures: int) -> None:
    scenario = pulling(SyncMode.INCREMENTAL)
    (first,) = scenario.decided
    assert isinstance(first, Pull)
    assert not first.again
    for _ in range(failures):
        scenario.failed("too_many_rejected").due("pull")
    (second,) = scenario.decided
    assert isinstance(second, Pull)
    assert (second.page_id, second.again) == (first.page_id, True)
    (following,) = scenario.done({**PAGE, "over": False}).decided[1:]
    assert isinstance(following, Pull)
    assert not following.again
    assert following.page_id != first.page_id


def test_of_a_batch_that_page_is_known_that_failed() -> None:
    scenario = pulling(SyncMode.BATCH).done({**PAGE, "over": False})
    scenario.decided = scenario.decided[1:]
    (failed,) = scenario.decided
    assert isinstance(failed, Pull)
    scenario.failed().due("pull")
    (first,) = scenario.decided
    assert isinstance(first, Pull)
    assert not first.again
    (again,) = scenario.done({**PAGE, "over": False}).decided[1:]
    assert isinstance(again, Pull)
    assert (again.page, again.page_id, again.again) == (1, failed.page_id, True)


def test_a_load_that_came_in_by_half_goes_on_with_the_next_one_and_no_file_of_it_stays() -> None:
    scenario = pulling(SyncMode.FULL)
    (first,) = scenario.decided
    assert isinstance(first, Load)
    scenario.done(str(FILE))
    scenario.decides(Swap(connector_id=ID, run_id=first.run_id, file_id=FILE, at=first.at, half=None))
    note, discard = scenario.failed("too_many_rejected").decided
    assert isinstance(note, NotePullFailure)
    assert discard == Discard(file_id=FILE)
    (second,) = scenario.due("pull").decided
    assert isinstance(second, Load)
    assert second.run_id != first.run_id
    assert (second.half, second.at) == (first.run_id, first.at)
    scenario.done(str(FILE))
    scenario.decides(
        Swap(connector_id=ID, run_id=second.run_id, file_id=FILE, at=first.at, half=first.run_id)
    )
    assert scenario.done(LOAD).decided[-1] == Discard(file_id=FILE)
    (third,) = scenario.due("pull").decided
    assert isinstance(third, Load)
    assert (third.half, third.at) == (None, scenario.moment)


def test_what_is_put_aside_for_a_connector_that_was_paused_or_deleted_is_removed() -> None:
    for event in (Connector.Paused(), Connector.Deleted()):
        scenario = pulling(SyncMode.FULL)
        under_way = scenario.decided
        scenario.happens(event)
        scenario.decided = under_way
        scenario.done(str(FILE)).decides(Discard(file_id=FILE))


def test_what_is_noted_of_a_deleted_connector_is_dropped_and_what_else_is_refused_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for refused, told in (("not_found", 0), ("invalid", 1)):
        scenario = pulling(SyncMode.BATCH).done({**PAGE, "fresh": True})
        assert scenario.failed(refused).decided == []
        assert len(caplog.records) == told, refused


def test_a_link_is_on_the_same_host_however_that_is_written() -> None:
    first = "https://crm.example/contacts"
    for link in (
        "https://CRM.example:443/contacts?page=2",
        "?page=2",
        "https://crm.ex\u00adample/contacts?page=2",
    ):
        assert linked_page(first, first, link) == f"{first}?page=2"
    for other in (
        "http://crm.example/",
        "https://crm.example:8443/",
        "https://crm.example@evil.example/",
        "https://evil.example\\@crm.example/",
        "https://crm.example/contacts#2",
        "https://[crm.example/",
        "https://crm.example:99999/",
    ):
        with pytest.raises(EffectRefused, match="link_elsewhere"):
            linked_page(first, first, other)
