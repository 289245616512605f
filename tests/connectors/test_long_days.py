"""A day of Mixpanel that is longer than a page comes in page by page, and stops nothing."""

from datetime import UTC, datetime, timedelta

from tests.connectors.conftest import Puller, seen
from tests.connectors.test_tools import connected
from tests.connectors.tools import Mixpanel, mixpanel_event
from tests.kit.client import Client
from tests.outgoing.servers import destination
from tests.webhooks.tools import answers


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
