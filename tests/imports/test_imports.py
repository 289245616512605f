"""Imports: the rows of files come in, once each, and what is wrong with them is told."""

import json
from uuid import UUID, uuid4

import pytest

from app.placement import fence
from app.storage.database import Database
from domain.gateway.import_runs import ImportRun
from tests.gateway.sending import Json, Sender, a_source, event
from tests.imports.importing import COUNTS, FIELDS, Importer, counts, table
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

pytestmark = pytest.mark.servers


async def test_the_rows_of_a_file_become_events(importer: Importer, shop: Sender) -> None:
    begun = await importer.begin(table(1200))
    assert (begun["status"], begun["fileName"], begun["rows"]) == ("RUNNING", "orders.csv", 0)
    ended = await importer.ended(begun["id"])
    assert counts(ended) == [1200, 1200, 0, 0]
    assert ended["done"] == ended["fileSize"] == len(table(1200))
    (last,) = await shop.answers(event())
    events = await importer.client.send(
        "OutsideEvents", filter={"orderRef": {"eq": "o-7"}}, afterPosition=last["position"]
    )
    (found,) = [edge["node"] for edge in events["edges"]]
    assert found["eventType"] == "order.created"
    assert found["data"]["payload"] == {"orderId": "o-7", "totalAmount": 8.5}
    # They are from long ago, and not late.
    quality = await importer.client.send("SourceQuality", afterPosition=last["position"])
    rows = [edge["node"] for edge in quality["edges"]]
    assert sum(row["accepted"] for row in rows) == 1201
    assert ["TIMELINESS" in row["missed"] for row in rows] == [False] * len(rows)


async def test_the_same_file_again_brings_no_event_twice(importer: Importer) -> None:
    assert await importer.run(table(700)) == [700, 700, 0, 0]
    assert await importer.run(table(700)) == [700, 0, 700, 0]


async def test_an_import_goes_on_after_its_tenant_was_moved(importer: Importer, worker: Database) -> None:
    owner = await worker.owner()
    begun = await importer.begin(table(4_000, first=40_000))
    await fence.freeze(owner, importer.client.tenant)

    async def waits() -> bool:
        tried = """select exists (select from processes.ledger
                    where tenant_id = $1 and process = $2 and attempts > 0 and status = 'pending')"""
        return bool(await owner.fetchval(tried, importer.client.tenant, ImportRun.name))

    await until(waits)
    await fence.lift(owner, importer.client.tenant)
    await owner.close()
    assert counts(await importer.ended(begun["id"])) == [4_000, 4_000, 0, 0]


async def test_an_import_stands_still_while_it_is_paused(importer: Importer) -> None:
    begun = await importer.begin(table(4_000))
    paused = await importer.client.send("PauseImport", input={"id": begun["id"]})
    assert paused["import"]["status"] == "PAUSED"
    again = await importer.client.send("PauseImport", input={"id": begun["id"]})
    assert again["code"] == "job_not_running"

    async def told() -> bool:
        return bool((await importer.now(begun["id"]))["rows"])

    await until(told)
    before = await importer.now(begun["id"])
    assert 0 < before["rows"] < 4_000
    # Another one that is begun and ends meanwhile shows that the worker has had the time.
    await importer.run(table(10))
    assert await importer.now(begun["id"]) == before
    await importer.client.send("ResumeImport", input={"id": begun["id"]})
    assert counts(await importer.ended(begun["id"])) == [4_000, 4_000, 0, 0]


async def test_what_came_in_before_an_import_was_cancelled_stays(importer: Importer) -> None:
    content = table(8_000, first=20_000)
    begun = await importer.begin(content)

    async def going() -> bool:
        return bool((await importer.now(begun["id"]))["rows"])

    await until(going)
    await importer.client.send("CancelImport", input={"id": begun["id"]})
    refused = await importer.client.send("ResumeImport", input={"id": begun["id"]})
    assert refused["code"] == "job_not_held"
    total, accepted, known, rejected = await importer.run(content)
    ended = await importer.ended(begun["id"], as_="CANCELLED")
    assert 0 < ended["rows"] < 8_000
    assert counts(ended) == [known, known, 0, 0]
    assert (total, accepted, rejected) == (8_000, 8_000 - known, 0)


@pytest.mark.parametrize(
    ("content", "terms"),
    [
        (table(3).decode().encode("utf-16"), {"encoding": "UTF_16_LE"}),
        (b"\xef\xbb\xbf" + table(3), {}),
        (table(3).replace(b",", b";").replace(b".", b","), {"separator": ";", "decimalMark": "COMMA"}),
        (
            json.dumps([{"at": "2026-03-01 12:00", "order": "a", "amount": n} for n in range(1, 4)]).encode(),
            {"format": "JSON", "zone": "Europe/Prague"},
        ),
        (b"Orders of March\n\n" + table(3), {"skippedLines": 2}),
    ],
    ids=["utf-16", "byte order mark", "comma", "json", "preamble"],
)
async def test_files_are_read_as_they_are_said_to_be(importer: Importer, content: bytes, terms: Json) -> None:
    assert await importer.run(content, **terms) == [3, 3, 0, 0]


async def test_rows_that_are_events_come_in_as_they_are(importer: Importer) -> None:
    lines = [event(), event(), {"eventType": "order.created"}, event(eventId=None)]
    del lines[3]["eventId"]
    content = "\n".join(map(json.dumps, lines)).encode()
    assert await importer.run(content, format="NDJSON", fields=[]) == [4, 3, 0, 1]
    assert await importer.run(content, format="NDJSON", fields=[]) == [4, 0, 3, 1]


async def test_a_wrong_encoding_is_told_row_by_row(importer: Importer) -> None:
    content = "at,order,amount\n2026-03-01T12:00:00Z,é,1\n2026-03-01T12:00:00Z,e,1\n".encode("cp1252")
    assert await importer.run(content) == [2, 1, 0, 1]


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        ({"fields": []}, "invalid", "fields"),
        ({"fields": FIELDS[1:]}, "invalid", "fields"),
        ({"fields": [*FIELDS, FIELDS[0]]}, "invalid", "fields"),
        ({"fields": [*FIELDS[:-1], {"member": "payload.x", "column": "nowhere"}]}, "invalid", "fields"),
        ({"fields": [*FIELDS[:-1], {"member": "payload.x"}]}, "invalid", "fields"),
        ({"zone": "Mars/Olympus"}, "invalid", "zone"),
        ({"separator": "x"}, "invalid", "separator"),
        ({"skippedLines": 5}, "import_file_unreadable", "fileId"),
        ({"format": "JSON", "fields": []}, "import_file_unreadable", "fileId"),
    ],
)
async def test_terms_on_which_no_event_can_be_made_are_refused(
    importer: Importer, terms: Json, code: str, field: str
) -> None:
    refused = await importer.begin(table(2), **terms)
    assert (refused["code"], refused["field"]) == (code, field)


async def test_a_start_that_is_sent_again_is_answered_as_before(importer: Importer) -> None:
    file = await importer.file(table(3))
    sent: Json = {"fileId": file, "sourceId": str(importer.source), "format": "CSV", "fields": FIELDS}
    # What a form leaves open is null in a client's variables.
    sent |= dict.fromkeys(("encoding", "separator", "skippedLines", "decimalMark", "zone", "id"))
    id = "0b5e7a70-0000-4000-8000-0000000000aa"
    first = await importer.client.send("StartImport", input=sent, commandId=id)
    await importer.ended(first["import"]["id"])
    again = await importer.client.send("StartImport", input=sent, commandId=id)
    assert (again["repeated"], again["import"]["id"]) == (True, first["import"]["id"])
    sent["fileId"] = id
    gone = await importer.client.send("StartImport", input=sent)
    assert gone["code"] == "import_file_gone"


async def test_a_proposal_says_what_a_file_seems_to_be_and_stores_nothing(importer: Importer) -> None:
    content = "at;Order ID;amount;customer_id\n2026-03-01 12:00;o-1;1,50;c-1\n2026-03-02 12:00;ö;x,0;c-2\n"
    file = await importer.file(content.encode("cp1252"))
    asked: Json = {"fileId": file, "sourceId": str(importer.source)}
    asked |= dict.fromkeys(("format", "encoding", "separator", "skippedLines", "decimalMark", "fields"))
    found = await importer.client.send("ProposeImport", input=asked)
    assert (found["format"], found["encoding"], found["separator"]) == ("CSV", "WINDOWS_1252", ";")
    assert (found["decimalMark"], found["zone"]) == ("COMMA", "UTC")
    assert [(each["member"], each["column"], each["kind"]) for each in found["fields"]] == [
        ("timestamp", "at", "INSTANT"),
        ("payload.orderId", "Order ID", "TEXT"),
        ("payload.amount", "amount", "TEXT"),
        ("userId", "customer_id", "TEXT"),
    ]
    fields = [
        {"member": "eventType", "value": "order.created"},
        {"member": "payload.totalAmount", "column": "amount", "kind": "NUMBER"},
    ]
    dry = await importer.client.send(
        "ProposeImport", input={**asked, "zone": "Europe/Prague", "fields": fields}
    )
    assert [(row["line"], row["problems"]) for row in dry["rows"]] == [
        (2, []),
        (3, [{"path": ["data", "payload", "totalAmount"], "message": "amount is no number."}]),
    ]
    assert json.loads(dry["rows"][0]["event"])["timestamp"] == "2026-03-01T11:00:00+00:00"
    # What was not said is proposed.
    members = ["eventType", "payload.totalAmount", "timestamp", "payload.orderId", "userId"]
    assert [each["member"] for each in dry["fields"]] == members
    assert (await importer.client.send("Imports"))["totalCount"] == 0


async def test_what_tabs_stand_between_is_imported(importer: Importer) -> None:
    content = table(1).replace(b",", b"\t")
    asked: Json = {"fileId": await importer.file(content), "sourceId": str(importer.source)}
    assert (await importer.client.send("ProposeImport", input=asked))["separator"] == "\t"
    begun = await importer.begin(content, separator="\t")
    assert (await importer.ended(begun["id"]))["accepted"] == 1


async def test_an_import_of_a_source_that_is_switched_off_fails_and_goes_on_later(
    importer: Importer, client: Client, shop: Sender
) -> None:
    begun = await importer.begin(table(5_000))
    await client.send("DeactivateSource", input={"id": shop.id})
    failed = await importer.ended(begun["id"], as_="FAILED")
    assert failed["error"] == "source_inactive"
    await client.send("ActivateSource", input={"id": shop.id})
    await client.send("ResumeImport", input={"id": begun["id"]})
    assert counts(await importer.ended(begun["id"])) == [5_000, 5_000, 0, 0]


_START = """mutation ($input: StartImportInput!) {
  startImport(input: $input) { ... on ImportReceipt { position } ... on Refused { code } }
}"""


async def test_a_key_imports_what_its_scopes_let_in_and_while_it_is_good(
    importer: Importer, product: Product, client: Client
) -> None:
    till = await a_source(product, client, scopes=["order"])
    own = Importer(product, Client(product.http, till.key, client.tenant), UUID(till.id))

    async def begun(content: bytes, kind: str, source: str = till.id) -> Json:
        fields = [{"member": "eventType", "column": kind}, *FIELDS[1:2]]
        terms = {
            "id": str(uuid4()),
            "fileId": await own.file(content),
            "sourceId": source,
            "format": "CSV",
            "fields": fields,
        }
        answer: Json = (await own.client.post(_START, {"input": terms})).json()
        return answer["data"]["startImport"] | {"id": terms["id"]}  # type: ignore[no-any-return]

    content = table(2).replace(b"1.50", b"payment.received").replace(b"2.50", b"order.created")
    started = await begun(content, "amount")
    assert "position" in started
    assert counts(await importer.ended(started["id"])) == [2, 1, 0, 1]
    # It watches what it has started, and no import of another source.
    progress = await own.client.send("ImportProgress", id=started["id"])
    assert [progress[name] for name in ("status", *COUNTS)] == ["FINISHED", 2, 1, 0, 1]
    other = await importer.begin(table(1))
    assert await own.client.send("ImportProgress", id=other["id"]) is None
    assert await client.send("ImportProgress", id=other["id"]) is not None
    assert (await begun(content, "amount", str(importer.source)))["code"] == "not_found"
    started = await begun(table(6_000).replace(b"o-", b"order.n"), "order")
    # It stands still until the key is no good any more.
    paused = await client.send("PauseImport", input={"id": (id := started["id"])})
    assert paused["import"]["status"] == "PAUSED"
    (key,) = (await client.send("Source", id=till.id))["keys"]["nodes"]
    await client.send("RevokeSourceKey", input={"id": till.id, "keyId": key["id"]})
    await client.send("ResumeImport", input={"id": id})
    assert (await importer.ended(id, as_="FAILED"))["error"] == "key_not_good"


async def test_progress_is_heard_live(importer: Importer) -> None:
    async with importer.client.streaming("ImportChanged", initial=True) as changes:
        assert (await anext(changes))["nodes"] == []
        begun = await importer.begin(table(20))
        seen = [(await anext(changes))["node"]]
        while seen[-1]["status"] == "RUNNING":
            seen.append((await anext(changes))["node"])
        assert {each["id"] for each in seen} == {begun["id"]}
        assert (seen[0]["rows"], seen[-1]["status"], seen[-1]["rows"]) == (0, "FINISHED", 20)


async def test_ten_thousand_rows_take_no_event_of_progress_each(importer: Importer) -> None:
    begun = await importer.begin(table(10_000, first=50_000))
    ended = await importer.ended(begun["id"])
    assert counts(ended) == [10_000, 10_000, 0, 0]
    # One says that it was started, and one that it finished.
    assert ended["version"] - 2 <= 21
