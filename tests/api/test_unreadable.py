"""A message of a WebSocket that cannot be read ends nothing but the operation that it would have started."""

import pytest

from tests.api.test_ws import TICKS, begun
from tests.api.toy import Served

HALF = (
    '{"id":"2","type":"subscribe","payload":{"query":"{ hello }","variables":{"id":"1","v":"Party \\ud83d"}}}'
)
UNREADABLE = {
    "half an emoji": (HALF, "BAD_JSON"),
    "a name that is half an emoji": (HALF.replace('"v"', '"\\ud83d"'), "BAD_JSON"),
    "a member twice": (HALF.replace('"v":"Party \\ud83d"', '"id":"2"'), "BAD_JSON"),
    "no JSON after its id": ('{"id":"2","type":"subscribe","payload":{"id":"1",', "BAD_JSON"),
    "nothing after its id": ('{"id":"2", ', "BAD_JSON"),
    "no number": (HALF.replace('"Party \\ud83d"', "NaN"), "BAD_JSON"),
    "deep JSON": ('{"id":"2","type":"subscribe","payload":' + "[" * 100_000, "BAD_JSON"),
    "too much": ('{"id":"2","type":"subscribe","payload":"' + "x" * 1_000_000 + '"}', "BODY_TOO_LARGE"),
}


@pytest.mark.parametrize(("text", "code"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_message_that_cannot_be_read_costs_its_own_operation_alone(
    server: Served, text: str, code: str
) -> None:
    async with begun(server) as client:
        await client.send(TICKS, text)
        refused = await client.receive()
        assert (refused["id"], refused["type"]) == ("2", "error")
        assert refused["payload"][0]["extensions"]["code"] == code
        server.toy.publish(7)
        assert (await client.receive())["payload"] == {"data": {"ticks": {"value": 7}}}
        # The id is free again.
        await client.subscribe("2", "{ hello }")
        assert (await client.receive())["payload"] == {"data": {"hello": "Hello you"}}
