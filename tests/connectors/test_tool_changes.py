"""What is pulled of a tool may be changed: it is pulled from the beginning then, and nothing is passed over."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.gateway.pulls.pulled_items import PulledItems
from domain.gateway.connectors.connector_commands import ChangeConnector, NotePage
from domain.gateway.connectors.connectors import Connector, ConnectorUnsuitable
from domain.gateway.connectors.terms import SyncMode
from domain.gateway.connectors.tool_commands import RegisterToolConnector
from domain.gateway.connectors.tools import TERMS, ConnectorTool
from domain.gateway.tools.destinations import as_sealed
from domain.kit.codec import PlainCodec
from domain.kit.fields import KEPT
from domain.kit.scenario import NOON, given, on
from projections.gateway.connectors import Connectors
from tests.connectors.conftest import Puller
from tests.connectors.test_pull_rules import registered
from tests.connectors.test_tools import connected, payloads
from tests.connectors.tools import HubSpot, hubspot_contact
from tests.kit.client import Client
from tests.kit.folding import folded
from tests.outgoing.servers import destination
from tests.webhooks.tools import answers

ID = UUID(int=1)
SETTINGS = {
    ConnectorTool.HUBSPOT: ("since=2026-01-01",),
    ConnectorTool.SALESFORCE: ("fields=Email",),
    ConnectorTool.MIXPANEL: (),
    ConnectorTool.GA4: ("propertyId=1", "metrics=eventCount"),
}
PAGE = Connector.PageTaken(cursor="far", accepted=1, duplicates=0, rejected=0)


def pulled(tool: ConnectorTool) -> tuple[Connector.Registered, Connector.PageTaken]:
    """A connector of a tool, and the first page that it has pulled."""
    return replace(registered(SyncMode.INCREMENTAL), tool=tool, settings=SETTINGS[tool]), PAGE


@pytest.mark.parametrize(
    ("tool", "settings", "credentials", "restarts"),
    [
        (ConnectorTool.HUBSPOT, None, False, True),
        (ConnectorTool.HUBSPOT, KEPT, True, True),
        (ConnectorTool.SALESFORCE, ("fields=Email,Phone",), False, True),
        (ConnectorTool.SALESFORCE, KEPT, True, False),
        (ConnectorTool.MIXPANEL, KEPT, True, True),
        (ConnectorTool.GA4, ("propertyId=2",), False, True),
        (ConnectorTool.GA4, ("metrics=eventCount", "propertyId=1"), True, False),
        (ConnectorTool.GA4, KEPT, False, False),
    ],
)
def test_where_what_is_pulled_is_another_it_is_pulled_from_the_beginning(
    tool: ConnectorTool, settings: Any, credentials: bool, restarts: bool
) -> None:
    said: Any = {"settings": settings}
    if credentials:
        said |= {"credentials": as_sealed("sealed"), "credential_names": TERMS[tool].credentials}
    history, change = pulled(tool), ChangeConnector(id=ID, **said)
    [changed] = given(*history).when(change).recorded
    row = folded(Connectors(), on(ID, *history, changed))[(ID,)]
    assert row.settings == (SETTINGS[tool] if settings is KEPT else settings or ())
    assert row.cursor == (None if restarts else "far")
    connector: Any = None
    for version, event in enumerate((*history, changed), 1):
        connector = event.stamped(ID, version, NOON).mutate(connector)
    assert connector.left == ("far" if restarts else None)
    # The page that was under way leads nowhere.
    note = NotePage(id=ID, round=0, cursor="farther", accepted=1, duplicates=0, rejected=0)
    [noted] = given(*history, changed).when(note).recorded
    assert noted == replace(PAGE, cursor=None if restarts else "farther")


@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        (ConnectorTool.GA4, None),
        (ConnectorTool.GA4, ("propertyId=1", "fields=Id")),
        (ConnectorTool.HUBSPOT, ("since=yesterday",)),
        (None, ("since=2026-01-01",)),
    ],
)
def test_settings_that_could_not_be_registered_are_refused(tool: ConnectorTool | None, settings: Any) -> None:
    history = (registered(SyncMode.INCREMENTAL),) if tool is None else pulled(tool)
    change = ChangeConnector(id=ID, settings=settings)
    given(*history).when(change).refused(ConnectorUnsuitable, field="settings")


def test_rows_are_known_by_what_their_tool_says_and_by_nothing_else() -> None:
    said: Any = {
        "name": "Ours",
        "source_id": ID,
        "tool": ConnectorTool.GA4,
        "credentials": as_sealed("sealed"),
        "credential_names": TERMS[ConnectorTool.GA4].credentials,
        "settings": SETTINGS[ConnectorTool.GA4],
    }
    register = RegisterToolConnector(id=ID, **said)
    given().when(replace(register, id_path="date")).refused(ConnectorUnsuitable, field="id_path")
    begun: Any = given().when(replace(register, id_path="id")).recorded[0]
    # Before, another path was taken.
    connector = replace(begun, id_path="date").stamped(ID, 1, NOON).mutate(None)
    items = PulledItems(PlainCodec())
    one, other = ({"id": id, "date": "2026-01-01"} for id in ("a", "b"))
    assert items.key(connector, one) != items.key(connector, other)


async def test_with_other_settings_contacts_that_were_pulled_come_again(
    puller: Puller, client: Client
) -> None:
    tool = HubSpot(*(hubspot_contact(id, f"10:00:0{id}.000") for id in range(1, 6)))
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "HUBSPOT", server.url)
        await puller.pulled(client, id)
        for contact in tool.contacts:
            contact["properties"]["company"] = "Ours"
        told = {"id": id, "settings": ["properties=company"]}
        changed = (await client.send("ChangeConnector", input=told))["connector"]
        assert (changed["settings"], changed["cursor"]) == (["properties=company"], None)
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["error"]) == (10, None)
    found = await payloads(client, "contact.changed")
    assert sum("company" in each["properties"] for each in found) == 5
