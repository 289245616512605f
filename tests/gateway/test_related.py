"""Events that belong together: by correlation, user, session and order."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.gateway.sending import Sender, event
from tests.kit.client import Client

NOW = datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("by", "named"),
    [
        ("CORRELATION", {"correlationId": "c-1"}),
        ("USER", {"userId": "c-1"}),
        ("SESSION", {"sessionId": "c-1"}),
        ("ORDER", {"data": {"payload": {"orderId": "c-1"}}}),
    ],
)
async def test_they_are_found_in_the_order_in_which_they_happened(
    shop: Sender, client: Client, by: str, named: dict[str, object]
) -> None:
    late, early = (
        event(timestamp=(NOW + timedelta(minutes=minutes)).isoformat(), **named) for minutes in (2, 1)
    )
    results = await shop.answers(late, event(), early)
    after = max((result["position"] for result in results), key=int)
    found = await client.send("RelatedEvents", by=by, value="c-1", afterPosition=after)
    assert [edge["node"]["eventId"] for edge in found["edges"]] == [early["eventId"], late["eventId"]]
    assert found["totalCount"] == 2
    # As the other lists of events do, it takes a filter.
    narrowed = """query($by: RelatedBy!, $id: ID!) {
      relatedEvents(by: $by, value: "c-1", filter: {eventId: {eq: $id}}) { totalCount nodes { eventId } }
    }"""
    answer = (await client.post(narrowed, {"by": by, "id": late["eventId"]})).json()
    assert answer["data"]["relatedEvents"] == {"totalCount": 1, "nodes": [{"eventId": late["eventId"]}]}
    assert (await client.send("RelatedEvents", by=by, value="c-2"))["edges"] == []
