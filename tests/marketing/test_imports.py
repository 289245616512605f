"""Reports come in as they really are: each row is taken, is known, or is refused with what is wrong."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.marketing.import_runs import MarketingImportRun
from tests.imports.importing import Importer
from tests.kit.at_work import at_work
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.marketing.test_metrics import opened

GOOGLE = """Campaign report
March 1, 2026 - March 3, 2026
Day;Campaign ID;Campaign;Currency code;Cost;Impr.;Clicks;Conversions;Conv. value
01.03.2026;77;Spring;EUR;1.185,50;12.000;340;12,50;610,00
02.03.2026;77;Spring;EUR;18500.00;12.000.000;340;1;1
03.03.2026;77;Spring;EUR;10,00;5;6;0;0
03.03.2026;78;"Summer; early";EUR;7,00;--;0;0;0
04.03.2999;77;Spring;EUR;1,00;10;1;0;0
02.03.2026;77;Spring;USD;1,00;10;1;0;0
01.03.2026;77;Spring;EUR;1,00;10;1;0;0
31.02.2026;77;Spring;EUR;1,00;10;1;0;0
02.03.2026;77;Spring
Total: Campaigns;--;--;EUR;1.202,50;12.025;349;12,50;610,00
""".replace("12.000;340;12,50", "12 000;340;12,50")
MEMBERS = ("DATE", "CAMPAIGN", "NAME", "CURRENCY", "SPEND", "IMPRESSIONS", "CLICKS", "CONVERSIONS", "REVENUE")
HEADINGS = [
    "Day",
    "Campaign ID",
    "Campaign",
    "Currency code",
    "Cost",
    "Impr.",
    "Clicks",
    "Conversions",
    "Conv. value",
]
TERMS: dict[str, Any] = {
    "format": "CSV",
    "separator": ";",
    "skippedLines": 2,
    "decimalMark": "COMMA",
    "dateOrder": "DAY_MONTH_YEAR",
    "currency": "EUR",
    "zone": "Europe/Prague",
    "columns": [
        {"member": member, "column": heading} for member, heading in zip(MEMBERS, HEADINGS, strict=True)
    ],
}
COUNTS = ("rows", "taken", "repeated", "refused", "totals")


@pytest.fixture(scope="module")
async def worker(product: Product) -> AsyncIterator[None]:
    """What runs imports."""
    async with at_work(product.settings, MarketingImportRun, poll=0.02):
        yield


async def ended(
    product: Product, client: Client, account: str, content: bytes, **terms: Any
) -> dict[str, Any]:
    """An import once it is over, however it is."""
    file = await Importer(product, client, UUID(int=0)).file(content, "report.csv")
    input = {"accountId": account, "fileId": file, **TERMS, **terms}
    begun = await client.send("StartMarketingImport", input=input)
    id = begun["marketingImport"]["id"]

    async def over() -> bool:
        return (await client.send("MarketingImport", id=id))["status"] not in ("RUNNING", "PAUSED")

    await until(over)
    found: dict[str, Any] = await client.send("MarketingImport", id=id)
    return found


async def ran(product: Product, client: Client, account: str, content: bytes, **terms: Any) -> dict[str, Any]:
    """An import that finished."""
    found = await ended(product, client, account, content, **terms)
    assert found["status"] == "FINISHED", found
    assert found["rows"] == found["taken"] + found["repeated"] + found["refused"]
    return found


async def test_a_report_is_taken_in_and_the_same_again_changes_nothing(
    product: Product, client: Client, worker: None
) -> None:
    account = await opened(client, "Ads")
    first = await ran(product, client, account, GOOGLE.encode())
    assert [first[name] for name in COUNTS] == [9, 2, 0, 7, 1]
    assert (first["warned"], first["quality"]) == (1, "11.11")
    errors = await client.send("MarketingImportErrors", filter={"importId": {"eq": first["id"]}}, first=20)
    shown = [
        (each["node"]["line"], each["node"]["heading"], each["node"]["value"]) for each in errors["edges"]
    ]
    assert shown == [
        (5, "Cost", "18500.00"),
        (6, "Clicks", "6"),
        (8, "Day", "04.03.2999"),
        (9, "Currency code", "USD"),
        (10, "Day", "01.03.2026"),
        (11, "Day", "31.02.2026"),
        (12, None, ""),
    ]
    for id in (first["id"], errors["edges"][0]["node"]["id"]):
        node = await client.post("query($id: ID!) { node(id: $id) { __typename id } }", {"id": id})
        assert node.json()["data"]["node"]["id"] == id
    filter = {"since": "2026-03-01", "until": "2026-03-31"}
    metrics = await client.send("MarketingMetrics", filter=filter)
    [total] = metrics["nodes"]
    assert total["figures"]["spend"]["amount"] == "1192.50"
    again = await ran(product, client, account, GOOGLE.encode())
    assert [again[name] for name in COUNTS] == [9, 0, 2, 7, 1]
    mended = GOOGLE.replace("18500.00;12.000.000", "18.500,00;12.000.000").encode()
    more = await ran(product, client, account, mended)
    assert (more["taken"], more["repeated"]) == (1, 2)
    [total] = (await client.send("MarketingMetrics", filter=filter, afterPosition=None))["nodes"]
    assert total["figures"]["spend"]["amount"] == "19692.50"


async def test_thousands_of_rows_come_in_in_parts(product: Product, client: Client, worker: None) -> None:
    account = await opened(client, "Ads")
    days = [date(2026, 1 + number // 28, 1 + number % 28) for number in range(56)]
    rows = [f"{day:%d.%m.%Y};{number};;EUR;0,10;10;1;0;0" for day in days for number in range(40)]
    content = "\n".join(["", "", ";".join(HEADINGS), *rows]).encode("utf-16-le")
    found = await ran(product, client, account, content, encoding="UTF_16_LE")
    assert [found[name] for name in COUNTS] == [2240, 2240, 0, 0, 0]


async def test_a_column_that_is_not_there_is_no_zero(product: Product, client: Client, worker: None) -> None:
    account = await opened(client, "Ads")
    content = GOOGLE.replace("Cost", "Costs").encode()
    found = await ended(product, client, account, content)
    assert (found["status"], found["error"], found["taken"]) == ("FAILED", "column_missing", 0)


async def test_what_the_account_is_not_in_is_refused_at_the_start(product: Product, client: Client) -> None:
    account = await opened(client, "Ads")
    file = await Importer(product, client, UUID(int=0)).file(b"a,b\n", "report.csv")
    given = {"accountId": account, "fileId": file, **TERMS}
    for changed, code in (
        ({"currency": "USD"}, "other_currency"),
        ({"zone": "UTC"}, "other_zone"),
        ({"columns": TERMS["columns"][1:]}, "invalid"),
    ):
        refused = await client.send("StartMarketingImport", input={**given, **changed})
        assert refused["code"] == code
