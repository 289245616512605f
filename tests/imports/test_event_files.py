"""Files of events: none is left of what may be read no more, and none takes the room of others."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pyarrow.parquet as pq
import pytest

from app.gateway.exports.event_files import TOGETHER
from domain.gateway.exports.event_export_runs import EventExportRun
from domain.gateway.exports.event_exports import ExportFormat, StartEventExport
from domain.kit.caller import Caller
from domain.kit.permissions import ROLES
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.jobs import MOST_JOBS
from projections.gateway.events import OutsideEvents
from tests.domain.sending import accepted
from tests.gateway.sending import a_source, event
from tests.imports.exporting import Happening, Writer, employed, exported, stopped
from tests.kit.processes import until

pytestmark = pytest.mark.servers


async def test_no_file_is_left_of_what_was_read_before_somebody_was_erased(writer: Writer) -> None:
    shop = await a_source(writer.product, writer.client)
    await shop.answers(event())
    while_read = Happening(read=writer.erased)
    with pytest.raises(EffectFailed, match="erased_meanwhile"):
        await writer.written(shop.id, while_read)
    # There was none at any time.
    assert not while_read.placed
    with pytest.raises(EffectFailed, match="erased_meanwhile"):
        await writer.written(shop.id, Happening(stored=writer.erased))
    assert await writer.files.used(writer.client.tenant) == 0
    with pytest.raises(asyncio.CancelledError):
        await writer.written(shop.id, Happening(stored=stopped))
    assert await writer.files.used(writer.client.tenant) == 0


async def test_events_are_written_some_at_a_time_and_counted_as_they_are(writer: Writer) -> None:
    shop = await a_source(writer.product, writer.client)
    await shop.answers(*(event() for _ in range(TOGETHER + 1)))

    async def one_more() -> None:
        await shop.answers(event())
        position = await writer.work.writes.log.head()
        assert await writer.positions.wait_for(OutsideEvents.name, position, 120)

    written = await writer.written(shop.id, Happening(counted=one_more))
    assert written is not None
    assert written.rows == TOGETHER + 2
    found, content = await exported(writer.client, shop.id, format="PARQUET")
    parquet = pq.ParquetFile(io.BytesIO(content))
    groups = [parquet.metadata.row_group(each).num_rows for each in range(parquet.num_row_groups)]
    assert (found["rows"], groups) == (TOGETHER + 2, [TOGETHER, 2])


async def test_exports_leave_room_for_files_that_are_sent(writer: Writer) -> None:
    shop, other = [await a_source(writer.product, writer.client) for _ in range(2)]
    for each in (shop, other):
        await each.answers(event())
    found, _ = await exported(writer.client, shop.id)
    # The same file again takes no more.
    await exported(writer.client, shop.id)
    size = found["fileSize"]
    written = await writer.written(other.id, Happening(), in_all=16 * size)
    assert written is not None
    assert written.rows == 1
    with pytest.raises(EffectRefused, match="files_full"):
        await writer.written(other.id, Happening(), in_all=7 * size)


async def test_a_file_that_is_being_written_is_left_when_its_export_is_paused(writer: Writer) -> None:
    shop = await a_source(writer.product, writer.client)
    await shop.answers(event())
    [id] = await writer.waiting(shop.id)

    async def paused() -> None:
        assert "eventExport" in await writer.client.send("PauseEventExport", input={"id": id})

    while_read = Happening(read=paused)
    assert await writer.written(shop.id, while_read, export_id=UUID(id)) is None
    assert not while_read.placed
    assert await writer.files.used(writer.client.tenant) == 0


async def test_an_export_is_paused_resumed_and_cancelled(writer: Writer) -> None:
    client, shop = writer.client, await a_source(writer.product, writer.client)
    await shop.answers(event())
    one, two = await writer.waiting(shop.id, exports=2)

    async def sent(what: str, id: str) -> str:
        receipt = await client.send(f"{what}EventExport", input={"id": id})
        return str(receipt.get("code") or receipt["eventExport"]["status"])

    assert [await sent("Pause", one), await sent("Pause", one)] == ["PAUSED", "job_not_running"]
    assert [await sent("Cancel", two), await sent("Resume", two)] == ["CANCELLED", "job_not_held"]
    writer.work.clock.ahead += timedelta(minutes=11)
    await writer.work.idle(EventExportRun, client.tenant)
    found = await client.send("EventExport", id=one)
    assert (found["status"], found["fileId"]) == ("PAUSED", None)
    assert await sent("Resume", one) == "RUNNING"

    async def finished() -> bool:
        found.update(await client.send("EventExport", id=one))
        return (found["status"], found["rows"]) == ("FINISHED", 1)

    await until(finished)
    # The names of the columns, and an event.
    assert len((await client.http.get(found["fileUrl"])).content.splitlines()) == 2
    found = await client.send("EventExport", id=two)
    assert (found["status"], found["fileId"]) == ("CANCELLED", None)
    assert [await sent("Cancel", one), await sent("Pause", two)] == ["job_is_over", "job_not_running"]


async def test_few_exports_of_a_company_wait_for_one_another(writer: Writer) -> None:
    shop = await a_source(writer.product, writer.client)
    zoe = await writer.product.newcomer("Zoe", tenant=writer.client.tenant)
    # None of them comes to its end.
    await writer.client.send("EraseUser", input={"subjectId": zoe.me})
    asked = {"sourceId": shop.id, "since": "2020-01-01T00:00:00Z", "format": "CSV"}
    receipts = await asyncio.gather(
        *(writer.client.send("StartEventExport", input=asked) for _ in range(MOST_JOBS + 2))
    )
    codes = [receipt.get("code") for receipt in receipts]
    assert sorted(filter(None, codes)) == ["too_many_jobs"] * 2
    # What has its place goes on, also where there are too many.
    owner = Caller(tenant_id=writer.client.tenant, user_id=UUID(writer.client.me), permissions=ROLES["owner"])
    one_more = StartEventExport(
        id=uuid4(), source_id=UUID(shop.id), since=datetime(2020, 1, 1, tzinfo=UTC), format=ExportFormat.CSV
    )
    await accepted(writer.work.writes.bus, one_more, by=owner)
    for what in ("Pause", "Resume"):
        receipt = await writer.client.send(f"{what}EventExport", input={"id": str(one_more.id)})
        assert "eventExport" in receipt, receipt


async def test_an_export_is_directed_by_who_started_it_and_by_who_may_change_sources(writer: Writer) -> None:
    shop = await a_source(writer.product, writer.client)
    member = await employed(writer.product, writer.work.writes.bus, "member", writer.client)
    zoe = await writer.product.newcomer("Zoe", tenant=writer.client.tenant)
    await writer.client.send("EraseUser", input={"subjectId": zoe.me})
    asked = {"sourceId": shop.id, "since": "2020-01-01T00:00:00Z", "format": "CSV"}
    ids = [
        (await who.send("StartEventExport", input=asked))["eventExport"]["id"]
        for who in (writer.client, member)
    ]
    for what in ("Pause", "Resume", "Cancel"):
        receipt = await member.send(f"{what}EventExport", input={"id": ids[0]})
        assert receipt["code"] == "forbidden"
        for who in (member, writer.client):
            if (who is member) == (what != "Cancel"):
                assert "eventExport" in await who.send(f"{what}EventExport", input={"id": ids[1]})
