"""Connectors pull: page by page, each item once, on from where they were, whatever becomes of the other side."""

from datetime import timedelta

import pytest

from tests.connectors.conftest import Json, Puller, connected, daily, seen
from tests.connectors.crm import CHANGED, RIGHT, Crm, contact
from tests.kit.client import Client
from tests.kit.processes import until
from tests.outgoing.servers import destination

HOW: dict[str, Json] = {
    "cursor": {},
    "last": {"pagination": "LAST_ITEM", "cursorPath": "id", "parameter": "after"},
    "link": {"pagination": "LINK", "cursorPath": None, "parameter": None},
}


def counts(row: Json) -> tuple[int, int, int]:
    """What became of the items."""
    return row["accepted"], row["duplicates"], row["rejected"]


async def of_type(client: Client, type: str) -> list[Json]:
    """The events of a type."""
    found = await client.send("OutsideEvents", filter={"eventType": {"eq": type}})
    return [edge["node"] for edge in found["edges"]]


@pytest.mark.parametrize("pages", HOW)
async def test_goes_on_from_the_cursor_that_was_stored_with_the_page(
    puller: Puller, client: Client, pages: str
) -> None:
    crm = Crm(1, 2, 3, pages=pages)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, **HOW[pages], **daily())
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (3, 0, None)
        assert row["cursor"]
        assert row["nextAt"] > row["endedAt"]
        crm.asked.clear()
        crm.contacts.append(contact(4))
        row = await puller.pulled(client, id)
    assert "" not in crm.asked
    assert (row["accepted"], row["rejected"]) == (4, 0)
    assert len(await of_type(client, "contact.changed")) == 4


@pytest.mark.parametrize("pages", ["cursor", "page"])
async def test_a_batch_pulls_all_of_it_and_takes_what_has_changed(
    puller: Puller, client: Client, pages: str
) -> None:
    crm = Crm(1, 2, 3, pages=pages)
    how = {"pagination": "PAGE", "cursorPath": None, "parameter": "page"} if pages == "page" else {}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "BATCH", **how)
        assert counts(await puller.pulled(client, id)) == (3, 0, 0)
        crm.contacts[0] = contact(1, "Yve")
        row = await puller.pulled(client, id)
    assert (counts(row), row["cursor"]) == ((4, 2, 0), None)


async def test_a_full_load_tells_what_is_gone_and_half_a_load_changes_nothing(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1, 2, 3)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "FULL", timePath=None, goneType="contact.gone")
        assert counts(await puller.pulled(client, id)) == (3, 0, 0)
        assert counts(await puller.pulled(client, id)) == (3, 3, 0)
        crm.contacts = [contact(1, "Yve"), contact(3), contact(4)]
        crm.faults = {"2": ["404"]}
        row = await puller.pulled(client, id)
        assert (counts(row), row["gone"], row["error"]) == ((3, 3, 0), 0, "http_404")
        row = await puller.pulled(client, id)
        # One changed, one came, and one is gone, which is told by an event as well.
        assert (counts(row), row["gone"], row["error"]) == ((6, 4, 0), 1, None)
        crm.contacts[0] = contact(1)
        row = await puller.pulled(client, id)
        assert (counts(row), row["gone"]) == ((7, 6, 0), 1)
    (folder,) = puller.product.settings.data_dir.rglob(str(client.tenant))
    assert not [path for path in folder.rglob("*") if path.is_file()]
    assert len(await of_type(client, "contact.changed")) == 6
    assert len(await of_type(client, "contact.gone")) == 1


async def test_looks_every_few_seconds_and_a_look_that_finds_nothing_is_no_event(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1)
    crm.contacts.append({"name": "No id", "changed": CHANGED})
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "REAL_TIME")
        puller.clock.ahead = timedelta(seconds=11)
        await until(lambda: len(crm.asked) == 1)
        await puller.idle(client)
        head = await puller.log.head()
        puller.clock.ahead = timedelta(seconds=35)
        await until(lambda: len(crm.asked) >= 2)
        await puller.idle(client)
        assert await puller.log.head() == head
        assert "connector" in await client.send("PauseConnector", input={"id": id})
        await puller.idle(client)
        asked = len(crm.asked)
        puller.clock.ahead = timedelta(seconds=100)
        await puller.idle(client)
    assert len(crm.asked) == asked
    assert counts(await seen(client, id)) == (1, 0, 1)


async def test_pulls_when_its_schedule_says_so_and_catches_up_once(puller: Puller, client: Client) -> None:
    crm = Crm(1)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, **daily())
        await puller.idle(client)
        assert crm.asked == []
        puller.clock.ahead = timedelta(days=3)
        await until(lambda: len(crm.asked) == 1)
        await puller.idle(client)
    # Two times went by besides; of these none comes late.
    assert crm.asked == [""]
    assert counts(await seen(client, id)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (["404"], "http_404"),
        (["huge"], "page_too_large"),
        (["many"], "page_too_large"),
        (["wide"], "page_too_large"),
        (["no list"], "no_items"),
        (["elsewhere"], "link_elsewhere"),
    ],
)
async def test_says_why_a_pull_came_to_nothing_and_tries_at_the_next_time(
    puller: Puller, client: Client, faults: list[str], error: str
) -> None:
    crm = Crm(1, pages="link")
    crm.faults = {"": faults}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, **HOW["link"], **daily())
        row = await puller.pulled(client, id)
        assert (row["error"], row["accepted"], row["active"]) == (error, 0, True)
        assert row["failedAt"] < row["nextAt"]
        row = await puller.pulled(client, id)
    assert (row["error"], row["failedAt"], row["accepted"]) == (None, None, 1)


async def test_a_cursor_that_comes_again_ends_the_pull(puller: Puller, client: Client) -> None:
    crm = Crm(1, 2, 3)
    crm.next = {"2": "1", "1": "2"}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url)
        row = await puller.pulled(client, id)
        assert (row["error"], crm.asked) == ("cursor_repeats", ["", "2", "1"])
        # What leads to itself is the last page.
        crm.next = {"2": "2"}
        id = await connected(client, server.url, "BATCH", name="Last")
        row = await puller.pulled(client, id)
    assert (row["error"], crm.asked[3:]) == (None, ["", "2"])


@pytest.mark.parametrize("mode", ["INCREMENTAL", "FULL"])
async def test_a_page_that_comes_again_under_another_cursor_ends_the_pull(
    puller: Puller, client: Client, mode: str
) -> None:
    crm = Crm(1, 2, 3)
    crm.next = {"0" * length: "0" * (length + 1) for length in range(10)}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, mode)
        row = await puller.pulled(client, id)
    assert (row["error"], crm.asked) == ("page_repeats", ["", "0"])


async def test_is_paused_by_itself_when_nothing_lets_it_in_and_resumed_with_another_header(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1)
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, header="Authorization: Bearer wrong", **daily())
        row = await puller.pulled(client, id)
        assert (row["error"], row["active"], row["nextAt"]) == ("http_401", False, None)
        assert (await client.send("RunConnector", input={"id": id}))["code"] == "connector_paused"
        change = {"id": id, "header": "Authorization: Bearer right"}
        assert "connector" in await client.send("ChangeConnector", input=change)
        assert "connector" in await client.send("ResumeConnector", input={"id": id})
        row = await puller.pulled(client, id)
    assert (row["error"], row["active"], row["accepted"]) == (None, True, 1)


async def test_items_without_id_or_time_are_dead_letters(puller: Puller, client: Client) -> None:
    crm = Crm(1)
    crm.contacts += [{"name": "No id", "changed": "2026-01-01T00:00:00Z"}, contact(2, changed="yesterday")]
    crm.contacts += [contact(3, changed=1_767_225_600), contact(4, changed=1_767_225_600_000)]
    async with destination(behave=crm) as server:
        id = await connected(client, server.url)
        row = await puller.pulled(client, id)
    assert counts(row) == (3, 0, 2)
    times = {event["occurredAt"] for event in await of_type(client, "contact.changed")}
    assert len(times) == 1
    letters = await client.send("DeadLetters", filter={"sourceId": {"eq": row["source"]["id"]}})
    assert len(letters["edges"]) == 2


async def test_an_item_of_a_full_load_that_says_a_member_twice_is_rejected(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1)
    crm.faults = {"": ["twice"]}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "FULL", timePath=None)
        assert counts(await puller.pulled(client, id)) == (0, 0, 1)


async def test_no_rejected_item_is_lost_where_there_are_too_many(
    puller: Puller, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = Crm(1, 2)
    crm.contacts += [{"name": name, "changed": CHANGED} for name in "ab"]
    async with destination(behave=crm) as server:
        id = await connected(client, server.url)
        monkeypatch.setattr("app.gateway.ingestion.MOST_A_DAY", 1)
        row = await puller.pulled(client, id)
        assert (counts(row), row["cursor"], row["error"]) == ((2, 0, 0), "2", "too_many_rejected")
        monkeypatch.setattr("app.gateway.ingestion.MOST_A_DAY", 2)
        row = await puller.pulled(client, id)
        assert (counts(row), row["error"]) == ((2, 0, 2), None)


async def test_another_address_is_pulled_from_the_beginning_and_is_not_shown_the_old_header(
    puller: Puller, client: Client
) -> None:
    first, second = Crm(1, 2, 3), Crm(1, 7)
    async with destination(behave=first) as server, destination(behave=second) as other:
        id = await connected(client, server.url)
        assert (await puller.pulled(client, id))["cursor"] == "2"
        refused = await client.send("ChangeConnector", input={"id": id, "url": other.url})
        assert refused["code"] == "connector_header_needed"
        change = {"id": id, "url": other.url, "header": "Authorization: Bearer right"}
        changed = await client.send("ChangeConnector", input=change)
        assert changed["connector"]["cursor"] is None
        row = await puller.pulled(client, id)
    assert (second.asked, counts(row)) == ([""], (4, 1, 0))


async def test_an_address_that_changes_in_the_middle_of_a_pull_is_no_cursor_that_comes_again(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1, 2, 3)
    crm.faults = {"2": ["500"]}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url)
        await puller.pulled(client, id)
        change = {"id": id, "url": f"{server.url}?all=1", "header": RIGHT}
        assert "connector" in await client.send("ChangeConnector", input=change)
        puller.clock.ahead = timedelta(seconds=30)
        await puller.idle(client)
        row = await seen(client, id)
    assert (counts(row), row["error"]) == ((3, 2, 0), None)


async def test_two_tenants_pull_beside_one_another_and_find_nothing_of_each_other(
    puller: Puller, client: Client
) -> None:
    other = await puller.product.newcomer()
    crm = Crm(1, 2, 3)
    async with destination(behave=crm) as server:
        ids = [await connected(each, server.url) for each in (client, other)]
        for each, id in zip((client, other), ids, strict=True):
            assert counts(await puller.pulled(each, id)) == (3, 0, 0)
    assert await client.send("Connector", id=ids[1]) is None
    assert (await client.send("RunConnector", input={"id": ids[1]}))["code"] == "not_found"
    assert len(await of_type(client, "contact.changed")) == 3


async def test_a_connector_that_is_deleted_pulls_no_more(puller: Puller, client: Client) -> None:
    crm = Crm(1, 2, 3)
    crm.faults = {"2": ["500"]}
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, **daily())
        await puller.pulled(client, id)
        assert "connector" in await client.send("DeleteConnector", input={"id": id})
        puller.clock.ahead = timedelta(days=3)
        await puller.idle(client)
    assert crm.asked == ["", "2"]


async def test_what_lets_it_in_is_stored_sealed(puller: Puller, client: Client) -> None:
    async with destination(behave=Crm(1)) as server:
        id = await connected(client, server.url, header="X-Key: hidden2", **daily())
        await puller.pulled(client, id)
    found: dict[str, str] = {}
    for table in ("es.events", "processes.instances", "processes.ledger", "gateway.connectors"):
        rows = await puller.database.writer.fetch(
            f"select stored::text as row from {table} stored where tenant_id = $1", client.tenant
        )
        found[table] = " ".join(row["row"] for row in rows)
    assert not [table for table, rows in found.items() if "hidden2" in rows or not rows]
