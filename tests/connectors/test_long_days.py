"""A day of Mixpanel that is longer than a page comes in page by page, and stops nothing."""

from datetime import UTC, datetime, timedelta

from tests.connectors.conftest import Puller, seen
from tests.connectors.test_tools import connected
from tests.connectors.tools import Mixpanel, mixpanel_event
from tests.kit.client import Client
from tests.outgoing.servers import Received, destination
from tests.webhooks.tools import Answer, answers


async def test_a_day_that_is_longer_than_a_page_goes_on_from_where_it_was(
    puller: Puller, client: Client
) -> None:
    now = datetime.now(UTC)
    day, today, at = str(now.date() - timedelta(days=1)), str(now.date()), int(now.timestamp()) - 100_000
    # More than 16 MiB.
    events = [mixpanel_event(str(number), at + number % 7, note="n" * 60_000) for number in range(300)]
    tool = Mixpanel(today, **{day: events, today: [mixpanel_event("last", at)]})
    tool.faults[2] = (503, {})
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "MIXPANEL", server.url, settings=[f"since={day}"])
        row = await puller.pulled(client, id)
        assert (row["error"], row["cursor"][:10]) == ("http_503", day)
        assert 250 < row["accepted"] < 300
        puller.clock.ahead = timedelta(seconds=6)
        await puller.idle(client)
        row = await seen(client, id)
        late = datetime.now(UTC) - timedelta(hours=12)
        assert (row["rejected"], row["error"]) == (0, None)
        assert row["accepted"] == 300 + (str(late.date()) == today)
        accepted = row["accepted"]
        row = await puller.pulled(client, id)
    assert (row["accepted"], row["error"]) == (accepted, None)


class Nested(Mixpanel):
    """An export with an event that is nested more deeply than is read."""

    def page(self, received: Received) -> Answer:
        body = super().page(received)[1]
        assert isinstance(body, bytes)
        return 200, body.replace(b'"DEEP"', b'[{"{": ' * 900 + b'"end"' + b"}]" * 900)


async def test_an_event_that_is_nested_too_deeply_is_refused_alone_with_its_id(
    puller: Puller, client: Client
) -> None:
    now = datetime.now(UTC)
    today, at = str(now.date()), int(now.timestamp()) - 100_000
    events = [
        mixpanel_event("first", at),
        mixpanel_event("deep", at, note="DEEP"),
        mixpanel_event("last", at),
    ]
    tool = Nested(today, **{today: events})
    async with destination(behave=answers(tool)) as server:
        id = await connected(client, "MIXPANEL", server.url, settings=[f"since={today}"])
        row = await puller.pulled(client, id)
        assert (row["accepted"], row["rejected"], row["error"]) == (2, 1, None)
        row = await puller.pulled(client, id)
    # The same day is read again: it is known.
    assert (row["accepted"], row["rejected"]) == (2, 1)
    found = await client.send("DeadLetters", filter={"sourceId": {"eq": row["source"]["id"]}})
    [letter] = [edge["node"] for edge in found["edges"]]
    assert (letter["rule"], letter["code"], letter["eventId"] is None) == ("json", "too_deep", False)
    assert '"$insert_id":"deep"' in letter["raw"]
