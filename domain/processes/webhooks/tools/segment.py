"""Segment's HTTP tracking API, which others speak too: a batch of one `track` or `identify`."""

from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import (
    TEST,
    Json,
    Message,
    Target,
    ToolAnswer,
    ToolProtocol,
    basic,
    by_status,
    decoded,
    json_request,
)


class Segment(ToolProtocol):
    """Events of people are `identify` with traits, all others `track` with properties."""

    def request(self, to: Target, message: Message) -> HttpRequest:
        call: dict[str, Json] = {
            "type": "identify" if message.about_person else "track",
            "messageId": message.id,
            "timestamp": message.at,
            # It takes no call about nobody.
            **({"anonymousId": message.thing} if message.who is None else {"userId": message.who}),
        }
        if message.about_person:
            call["traits"] = dict(message.fields)
        else:
            call |= {"event": message.type, "properties": dict(message.fields)}
        return self._batch(to, [call])

    def probe(self, to: Target) -> HttpRequest:
        return self.request(to, TEST)

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        said = decoded(answer)
        if answer.status == 200 and isinstance(said, dict) and said.get("success") is False:
            return ToolAnswer("not_taken", final=True)
        return by_status(answer.status)

    def _batch(self, to: Target, calls: list[Json]) -> HttpRequest:
        key = basic(to.credentials["writeKey"], "")
        return json_request(f"{to.url}/v1/batch", {"batch": calls}, authorization=key)
