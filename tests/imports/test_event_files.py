"""Files of events: none is left of what may be read no more, and none takes the room of others."""

import asyncio
import io

import pyarrow.parquet as pq
import pytest

from app.gateway.exports.event_files import TOGETHER
from domain.gateway.exports.event_exports import MOST_RUNNING
from domain.kit.process.effects import EffectFailed, EffectRefused
from projections.gateway.events import OutsideEvents
from tests.gateway.sending import a_source, event
from tests.imports.exporting import Happening, Writer, exported, stopped

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
        assert await writer.positions.wait_for(OutsideEvents.name, position, 30)

    assert (await writer.written(shop.id, Happening(counted=one_more))).rows == TOGETHER + 2
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
    assert (await writer.written(other.id, Happening(), in_all=16 * size)).rows == 1
    with pytest.raises(EffectRefused, match="files_full"):
        await writer.written(other.id, Happening(), in_all=7 * size)


async def test_few_exports_of_a_company_wait_for_one_another(writer: Writer) -> None:
    shop = await a_source(writer.product, writer.client)
    zoe = await writer.product.newcomer("Zoe", tenant=writer.client.tenant)
    # None of them comes to its end.
    await writer.client.send("EraseUser", input={"subjectId": zoe.me})
    asked = {"sourceId": shop.id, "since": "2020-01-01T00:00:00Z", "format": "CSV"}
    receipts = await asyncio.gather(
        *(writer.client.send("StartEventExport", input=asked) for _ in range(MOST_RUNNING + 2))
    )
    codes = [receipt.get("code") for receipt in receipts]
    assert sorted(filter(None, codes)) == ["too_many_event_exports"] * 2
