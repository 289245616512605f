"""What is read of the pages of tools, and where the next pull begins; and what their faults mean."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.gateway.pulls.http_pages import Json
from app.gateway.pulls.tools import mixpanel
from app.gateway.pulls.tools.days import Day
from app.gateway.pulls.tools.ga4 import Ga4Rows, ServiceAccount
from app.gateway.pulls.tools.hubspot import HubSpotContacts
from app.gateway.pulls.tools.mixpanel import MixpanelEvents
from app.gateway.pulls.tools.pulled_tool import ChangePlace, PageQuery
from app.gateway.pulls.tools.salesforce import SalesforceContacts
from app.gateway.pulls.tools.tool_pages import STREAMS, ToolPages
from app.outgoing.http_client import OutgoingClient
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.tool_commands import RegisterToolConnector
from domain.gateway.connectors.tools import TERMS, ConnectorTool
from domain.gateway.tools.destinations import as_sealed
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, at
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.processes.webhooks.tools.protocol import Target
from tests.connectors.tools import mixpanel_event
from tests.outgoing.servers import Destination, destination
from tests.webhooks.tools import Answer, answers

ID, NOW = UUID(int=1), datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER = timedelta(minutes=-1)
_STRANGE = """-----BEGIN EC PRIVATE KEY-----
MGgCAQEEHHxOpkOEdDl04E/IwxkcmnyJe1vfXy1OQMeVX+OgBwYFZysBBAyhPAM6
AAT+yY1x/FNAPQSQ5nSXMS5SaEb/v+6VQyf+r/daVNdesMAcz54I9bkSEA9p+hC2
CiCISqCmEm9W/A==
-----END EC PRIVATE KEY-----
"""


def query(cursor: str | None = None, **settings: str) -> PageQuery:
    """A page at noon."""
    return PageQuery(cursor=cursor, settings=settings, now=NOW)


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        (timedelta(seconds=-10), EARLIER),
        (timedelta(days=300), EARLIER),
        (timedelta(minutes=-5), timedelta(minutes=-5)),
    ],
    ids=["now", "in the future", "before"],
)
def test_behind_a_full_page_the_next_pull_begins_no_later_than_a_minute_ago(
    changed: timedelta, begins: timedelta
) -> None:
    # The last page is empty: the one before it was full.
    place, expected = query(str(ChangePlace(NOW + changed))), str(ChangePlace(NOW + begins))
    hubspot = HubSpotContacts().page(place, {"results": []})
    salesforce = SalesforceContacts().page(place, {"records": [], "done": True})
    assert (hubspot.next, hubspot.over) == (salesforce.next, salesforce.over) == (expected, True)


def test_nothing_from_before_the_day_that_is_said_is_pulled_meanwhile() -> None:
    assert HubSpotContacts().page(query(since="2027-01-01"), {"results": []}).next is None


def test_each_page_of_a_day_of_mixpanel_goes_on_behind_the_last_in_whatever_order_events_come() -> None:
    events = [mixpanel_event(str(number), number % 5) for number in range(20)]
    events += [
        {"event": "No time", "properties": {"$insert_id": "a"}},
        {"event": "No id", "properties": None},
    ]
    lines, order = [json.dumps(each) for each in events], Random(1)
    tool, cursor, found, pages = MixpanelEvents(), "2026-02-01", list[Json](), 0
    tool.most = 3
    while cursor.startswith("2026-02-01"):
        order.shuffle(lines)
        part, said = tool.streamed(query(cursor)), "\n\n \n".join(lines).encode()
        for start in range(0, len(said), 7):
            part.add(said[start : start + 7])
        page = tool.page(query(cursor), part.read())
        assert len(page.items) <= tool.most
        assert page.next is not None
        found, cursor, pages = [*found, *page.items], page.next, pages + 1
    assert sorted(map(json.dumps, found)) == sorted(lines)
    assert (cursor, pages) == ("2026-02-02", 8)


def test_a_page_of_a_day_of_mixpanel_holds_few_values_and_an_event_has_its_size() -> None:
    wide = [mixpanel_event(str(number), number, note="[" * 900_000) for number in range(3)]
    part = MixpanelEvents().streamed(query("2026-02-01"))
    for each in wide:
        part.add(json.dumps(each).encode() + b"\n")
    items, within = part.read()
    assert (items, within is None) == (wide[:2], False)
    with pytest.raises(EffectRefused, match="page_too_large"):
        part.add(b"[" * 3_000_000)


@pytest.mark.parametrize("cursor", ["2026-02-01", "2026-02-01 1 0"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_day_of_mixpanel_that_breaks_off_is_read_again(cursor: str, end: str) -> None:
    whole = json.dumps(mixpanel_event("a", 2))
    part = MixpanelEvents().streamed(query(cursor))

    def read() -> None:
        part.add(f"{whole}\n{whole[:-5]}{end}".encode())
        part.read()

    with pytest.raises(EffectFailed, match="not_json"):
        read()


@pytest.mark.parametrize(("name", "most"), [("_WHOLE", 100), ("_LINES", 50)])
def test_a_day_of_mixpanel_has_an_end(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    monkeypatch.setattr(mixpanel, name, most)
    part = MixpanelEvents().streamed(query("2026-02-01"))

    def read() -> None:
        for _ in range(most + 1):
            part.add(b"{}\n")

    with pytest.raises(EffectRefused, match="page_too_large"):
        read()


@pytest.mark.parametrize(
    ("left", "since", "begins"),
    [
        (None, None, "2026-01-30"),
        ("2026-02-20", None, "2026-01-30"),
        ("2025-11-05 7 0", None, "2025-11-05"),
        ("2025-11-05", "2026-02-01", "2026-02-01"),
    ],
)
def test_analytics_that_are_pulled_again_pass_over_no_day_since_they_were_stopped(
    left: str | None, since: str | None, begins: str
) -> None:
    place = replace(query(**({} if since is None else {"since": since})), left=left)
    assert Day.read(place) == Day(date.fromisoformat(begins))


def test_a_figure_that_is_no_number_stays_as_it_is_written() -> None:
    figures = ["12", "1.5", "NaN", "inf", "-Infinity", "1e999", "9" * 400]
    rows = [{"dimensionValues": [{"value": "a"}], "metricValues": [{"value": each}]} for each in figures]
    page = Ga4Rows().page(query("2026-03-01", propertyId="42", metrics="eventCount"), {"rows": rows})
    assert [item["metrics"]["eventCount"] for item in page.items] == [12, 1.5, *figures[2:]]


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999-23:59", "9999-12-31"])
def test_a_time_that_none_is_before_or_after_is_no_time(said: str) -> None:
    page = {"results": [{"id": "1", "properties": {"lastmodifieddate": said}}]}
    assert HubSpotContacts().page(query(), page).next is None


def test_a_key_that_cannot_sign_so_lets_nobody_in() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    kinds = [
        curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        # One of a curve that no library here knows, as OpenSSL writes it.
        _STRANGE,
    ]
    for key in kinds:
        account = json.dumps({"client_email": "us", "private_key": key})
        with pytest.raises(EffectRefused, match="sign_in_refused"):
            ServiceAccount(NOW).sign_in(
                Target(url="https://x.example", credentials={"serviceAccount": account})
            )


@pytest.mark.parametrize(
    ("answer", "fault", "error"),
    [
        ((408, {}), EffectFailed, "http_408"),
        ((425, {}), EffectFailed, "http_425"),
        ((503, {}), EffectFailed, "http_503"),
        ((200, {"token_type": "Bearer"}), EffectFailed, "no_token"),
        ((200, b"<html>"), EffectFailed, "no_token"),
        ((200, {"access_token": "\u017e"}), EffectFailed, "no_token"),
        ((200, {"access_token": "x" * 20_000}), EffectFailed, "no_token"),
        ((404, {}), EffectRefused, "http_404"),
        ((400, {"error": "invalid_client"}), EffectRefused, "sign_in_refused"),
        ((401, {}), EffectRefused, "sign_in_refused"),
        ((403, {}), EffectRefused, "sign_in_refused"),
    ],
)
async def test_that_no_token_is_given_for_now_does_not_mean_that_none_is(
    answer: Answer, fault: type[Exception], error: str
) -> None:
    secrets = SealedWebhookSecrets("0" * 64)
    async with destination(behave=answers(lambda received: answer)) as server:
        connector = tool_connector(secrets, ConnectorTool.SALESFORCE, server.url.removesuffix("/hook"))
        pages = ToolPages(OutgoingClient(loopback=True), secrets, SystemClock())
        with pytest.raises(fault) as failed:
            await pages.read(connector, None)
    assert (failed.type, str(failed.value)) == (fault, error)


async def test_exports_that_do_not_end_leave_turns_for_other_tools() -> None:
    secrets, held = SealedWebhookSecrets("0" * 64), asyncio.Event()

    async def endless(server: Destination, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{}\n")
        await writer.drain()
        await held.wait()

    async with destination(behave=endless) as mixpanels, destination(b"HTTP/1.1 404 No\r\n\r\n") as other:
        long, short = (
            tool_connector(secrets, tool, server.url.removesuffix("/hook"))
            for tool, server in ((ConnectorTool.MIXPANEL, mixpanels), (ConnectorTool.HUBSPOT, other))
        )
        pages = ToolPages(OutgoingClient(loopback=True), secrets, SystemClock(), patience=0.1)
        long.left = "2025-11-05 7 0"
        endless_ones = [asyncio.create_task(pages.read(long, None)) for _ in range(STREAMS)]
        await mixpanels.has(STREAMS)
        with pytest.raises(EffectFailed, match="exports_busy"):
            await pages.read(long, None)
        with pytest.raises(EffectRefused, match="http_404"):
            await pages.read(short, None)
        held.set()
        assert "from_date=2025-11-05&" in mixpanels.received[0].target
        assert [page.over for page in await asyncio.gather(*endless_ones)] == [False] * STREAMS


def tool_connector(secrets: SealedWebhookSecrets, tool: ConnectorTool, url: str) -> Connector:
    """A connector of a tool at an address."""
    names = TERMS[tool].credentials
    register = RegisterToolConnector(
        id=ID,
        name="Ours",
        source_id=ID,
        tool=tool,
        credentials=as_sealed(secrets.seal(ID, "\n".join(f"{name}=ours" for name in names))),
        credential_names=names,
        url="https://ours.example.com",
    )
    by = Caller(tenant_id=ID, user_id=ID, permissions=frozenset())
    with at(NOW):
        connector = register.handle(by, NOW)
    connector.url = url
    return connector
