"""Events are written into files: of a source and a time, as whoever asks may read them, and read again alike."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pyarrow.parquet as pq
import pytest

from app.files.factory import object_store
from app.files.store import ObjectFiles
from domain.identity.authorization import BaseRole
from domain.identity.user_commands import ChangeUserRole
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from tests.domain.sending import accepted
from tests.gateway.sending import Json, Sender, a_source, event
from tests.imports.exporting import employed, exported
from tests.imports.importing import Importer, counts, table
from tests.kit.at_work import AtWork
from tests.kit.processes import until
from tests.kit.product import Product, running

pytestmark = pytest.mark.servers


async def test_the_events_of_a_source_and_a_time_are_written_and_read_again_alike(
    product: Product, bus: Bus, importer: Importer
) -> None:
    owner = await employed(product, bus, "owner")
    shop, other = await a_source(product, owner), await a_source(product, owner, name="Other")
    data = {"payload": {"orderId": "A-1", "note": 'čaj; "tea"\n'}, "metadata": {"channel": "web"}}
    sent = [event(data=data, userId="zoe"), event(data={"payload": {"n": 1}})]
    for each in sent:
        assert (await shop.answers(each))[0]["status"] == "accepted"
    await other.answers(event())
    found, content = await exported(owner, shop.id)
    lines = [json.loads(line) for line in content.splitlines()]
    assert (found["status"], found["rows"], found["withheld"]) == ("FINISHED", 2, False)
    assert {each["eventId"]: each["data"]["payload"] for each in lines} == {
        each["eventId"]: each["data"]["payload"] for each in sent
    }
    # The events that an import reads are those that were sent.
    begun = await importer.begin(content, format="NDJSON", fields=[])
    assert counts(await importer.ended(begun["id"])) == [2, 2, 0, 0]
    _, content = await exported(owner, shop.id, format="CSV")
    # Of the columns each is what it was.
    asked = {"fileId": await importer.file(content), "sourceId": str(importer.source)}
    proposed = await importer.client.send("ProposeImport", input=asked)
    assert [(row["problems"], json.loads(row["event"])["data"]["payload"]) for row in proposed["rows"]] == [
        ([], each["data"]["payload"]) for each in lines
    ]
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [json.loads(row["payload"]) for row in rows] == [each["data"]["payload"] for each in lines]
    assert [row["userId"] for row in rows] == [each.get("userId", "") for each in lines]
    _, content = await exported(owner, shop.id, format="PARQUET")
    table = pq.read_table(io.BytesIO(content)).to_pylist()
    assert [row["eventId"] for row in table] == [each["eventId"] for each in lines]
    found, content = await exported(owner, shop.id, until="2021-01-01T00:00:00Z", format="CSV")
    assert (found["rows"], len(content.splitlines())) == (0, 1)


async def test_an_export_comes_back_into_its_own_source_without_an_event_twice(
    importer: Importer, shop: Sender, product: Product, bus: Bus
) -> None:
    data = {"payload": {"b": 2.50, "a": [1e3, "čaj"], "orderId": "A-1"}, "metadata": {"channel": "web"}}
    told = event(data=data, userId="=zoe", timestamp="2026-03-01T12:00:00.123456789+01:00")
    sent = [told, event(eventSource="Till", sessionId="s-1"), event()]
    assert [each["status"] for each in await shop.answers(*sent)] == ["accepted"] * 3
    owner = await employed(product, bus, "owner", importer.client)
    for format in ("NDJSON", "CSV"):
        _, content = await exported(owner, shop.id, format=format)
        asked = {"fileId": await importer.file(content), "sourceId": shop.id}
        fields = (await importer.client.send("ProposeImport", input=asked))["fields"]
        begun = await importer.begin(content, format=format, fields=[] if format == "NDJSON" else fields)
        assert counts(await importer.ended(begun["id"])) == [3, 0, 3, 0], format
    # What says anything else is another event.
    zone = {**told, "timestamp": "2026-03-01T11:00:00.123456Z"}
    other = [{**told, "userId": "zoe"}, {**told, "data": {**data, "metadata": {}}}]
    statuses = [each["status"] for each in await shop.answers(zone, *other)]
    assert statuses == ["duplicate", "rejected", "rejected"]


async def test_what_whoever_asks_may_not_read_is_in_no_file(product: Product, bus: Bus) -> None:
    owner = await employed(product, bus, "owner")
    shop = await a_source(product, owner)
    await shop.answers(event(data={"payload": {"secret": "kept"}}))
    member = await employed(product, bus, "member", owner)
    found, content = await exported(member, shop.id)
    assert (found["rows"], found["withheld"], b"kept" in content) == (1, True, False)
    assert "data" not in json.loads(content)
    # Nor do they fetch what is in the file of somebody who may.
    whole, content = await exported(owner, shop.id)
    assert b"kept" in content
    found = await member.send("EventExport", id=whole["id"])
    assert (found["fileUrl"], found["fileId"]) == (None, None)
    guest = product.client(owner.tenant, owner.user, [], role="guest")
    code, _ = await guest.error(
        "StartEventExport", input={"sourceId": shop.id, "since": "2020-01-01T00:00:00Z", "format": "CSV"}
    )
    assert code == "FORBIDDEN"
    # What somebody was allowed when they asked counts no more.
    by = Caller(tenant_id=owner.tenant, user_id=uuid4(), permissions=ROLES["owner"])
    await accepted(bus, ChangeUserRole(id=member.user, role=BaseRole("guest")), by=by)
    found, _ = await exported(member, shop.id)
    assert (found["status"], found["error"]) == ("FAILED", "not_allowed")


async def test_a_file_has_a_name_with_its_ending_and_its_media_type(product: Product, work: AtWork) -> None:
    owner = await employed(product, work.writes.bus, "owner")
    named = {"name": 'Tiľl/2 "a"', "environment": "staging", "region": "eu"}
    source = (await owner.send("RegisterSource", input=named))["source"]["id"]
    day = work.clock.now().date().isoformat()
    for format, media in (
        ("CSV", "text/csv"),
        ("NDJSON", "application/x-ndjson"),
        ("PARQUET", "application/vnd.apache.parquet"),
    ):
        found, _ = await exported(owner, source, format=format)
        headers = (await product.http.get(found["fileUrl"])).headers
        assert headers["content-type"] == media
        ending = f"{day}.{format.lower()}"
        name = f'filename="Ti_l-2 _a_-{ending}"'
        assert headers["content-disposition"] == (
            f"attachment; {name}; filename*=UTF-8''Ti%C4%BEl-2%20%22a%22-{ending}"
        )


async def test_who_fetched_the_file_of_an_export_is_on_record(product: Product, bus: Bus) -> None:
    owner = await employed(product, bus, "owner")
    shop = await a_source(product, owner)
    await shop.answers(event())
    member = await employed(product, bus, "member", owner)
    fetched = {}
    for who, shown in ((owner, True), (member, False)):
        found, _ = await exported(who, shop.id)
        fetched[who.me] = (f"event export {found['id']} of source {shop.id}", shown)
    noted: dict[str, Json] = {}

    async def written() -> bool:
        page = await owner.send("Accesses", first=100)
        noted.update(
            {each["userId"]: each for each in page["nodes"] if each["operation"].startswith("GET /v1/files/")}
        )
        return len(noted) == len(fetched)

    await until(written, seconds=120)
    for user, (what, shown) in fetched.items():
        access = noted[user]
        assert what in access["operation"]
        assert "2020-01-01T00:00:00+00:00 to " in access["operation"]
        assert (access["kind"], access["fields"]) == ("SERVICE", ["EventExport.file"])
        assert access["revealed"] == (["EventExport.file"] if shown else [])
    # A link that is not good hands nothing out, and is nobody's access.
    assert (await product.http.get(f"/v1/files/{uuid4()}?tenant={owner.tenant}")).status_code == 404


async def test_no_file_with_payloads_is_given_where_these_are_masked_nor_one_that_is_gone(
    product: Product, work: AtWork
) -> None:
    bus = work.writes.bus
    owner = await employed(product, bus, "owner")
    shop = await a_source(product, owner)
    await shop.answers(event())
    whole, _ = await exported(owner, shop.id)
    member = await employed(product, bus, "member", owner)
    bare, _ = await exported(member, shop.id)
    begun = await Importer(product, owner, UUID(shop.id)).begin(table(2))
    await owner.send("PauseImport", input={"id": begun["id"]})
    assert (await owner.send("ImportFile", id=begun["id"]))["fileUrl"]
    async with (
        running(replace(product.settings, masking="on")) as url,
        httpx.AsyncClient(base_url=url, timeout=120) as http,
    ):
        masked = replace(owner, http=http)
        answer = await masked.answer("EventExport", id=whole["id"])
        assert answer["data"]["eventExport"]["fileUrl"] is None
        assert {"field": "EventExport.fileUrl", "reason": "SETTING"} in answer["extensions"]["masked"]
        answer = await masked.answer("ImportFile", id=begun["id"])
        assert answer["data"]["import"]["fileUrl"] is None
        assert {"field": "Import.fileUrl", "reason": "SETTING"} in answer["extensions"]["masked"]
        # Without payloads it may be read by whoever may read events.
        assert (await masked.send("EventExport", id=bare["id"]))["fileUrl"]
    # An erasure removes them all.
    await ObjectFiles(object_store(product.settings), work.writes.ring).sweep(owner.tenant)
    found = await owner.send("EventExport", id=whole["id"])
    assert (found["status"], found["fileUrl"]) == ("FINISHED", None)
    assert (await owner.send("ImportFile", id=begun["id"]))["fileUrl"] is None


async def test_nothing_is_written_while_somebody_is_erased(product: Product, work: AtWork) -> None:
    owner = await employed(product, work.writes.bus, "owner")
    shop = await a_source(product, owner)
    zoe = await product.newcomer("Zoe", tenant=owner.tenant)
    await owner.send("EraseUser", input={"subjectId": zoe.me})
    asked = {"sourceId": shop.id, "since": "2020-01-01T00:00:00Z", "format": "NDJSON"}
    id = (await owner.send("StartEventExport", input=asked))["eventExport"]["id"]

    async def failed() -> bool:
        work.clock.ahead += timedelta(minutes=1)
        found = await owner.send("EventExport", id=id)
        return (found["status"], found["error"], found["fileId"]) == ("FAILED", "erasure_under_way", None)

    await until(failed)
