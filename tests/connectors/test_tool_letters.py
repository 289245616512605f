"""What was pulled of a tool and rejected comes in once when its dead letter is replayed."""

from datetime import UTC, datetime

from tests.connectors.conftest import Json, Puller, seen
from tests.connectors.test_pulls import of_type
from tests.connectors.test_tools import KEY, connected
from tests.connectors.tools import Ga4
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.tools import answers

TYPE = "analytics.report_row"


def _figures(most: int) -> Json:
    """A schema of rows whose figure is at most so much."""
    figures = {"type": "object", "properties": {"eventCount": {"type": "integer", "maximum": most}}}
    payload = {"type": "object", "properties": {"metrics": figures}}
    return {"type": "object", "properties": {"payload": payload}}


async def test_a_figure_whose_dead_letter_is_replayed_does_not_come_again(
    puller: Puller, client: Client
) -> None:
    today = str(datetime.now(UTC).date())
    tool = Ga4(KEY.public_key(), **{today: {"login": 5}})
    settings = [f"since={today}", "propertyId=42", "metrics=eventCount"]
    await client.send("RegisterSchema", input={"eventType": TYPE, "schema": _figures(6)})
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "GA4", server.url, settings=settings)
        await puller.pulled(client, id)
        tool.figures[today] = {"login": 7}
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["rejected"]) == (1, 1)
        receipt = await client.send("RegisterSchema", input={"eventType": TYPE, "schema": _figures(9)})
        found = await client.send("DeadLetters", afterPosition=receipt["position"])
        (letter,) = [edge["node"]["id"] for edge in found["edges"]]
        replayed = await client.send("ReplayDeadLetter", input={"id": letter})
        assert replayed["result"]["status"] == "ACCEPTED", replayed
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (1, 1, None)
        tool.figures[today] = {"login": 5}
        await puller.pulled(client, id)
        assert (await seen(client, id))["accepted"] == 2
    events = await of_type(client, TYPE)
    # Each says all that a pull can.
    assert [event["completeness"] for event in events] == [100, 100, 100]
