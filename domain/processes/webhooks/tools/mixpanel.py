"""Mixpanel's import API, strict: each event is checked, and known again by its ``$insert_id``."""

from urllib.parse import quote

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


class Mixpanel(ToolProtocol):
    """A batch of one event."""

    def request(self, to: Target, message: Message) -> HttpRequest:
        properties = {
            **message.fields,
            "time": int(message.at.timestamp() * 1000),
            "distinct_id": message.who or "",
            # It takes letters, digits and dashes.
            "$insert_id": message.id.replace("_", "-"),
        }
        return self._import(to, [{"event": message.type, "properties": properties}])

    def probe(self, to: Target) -> HttpRequest:
        return self.request(to, TEST)

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        said = decoded(answer)
        if isinstance(said, dict) and said.get("failed_records"):
            return ToolAnswer("record_refused", final=True)
        return by_status(answer.status)

    def _import(self, to: Target, events: list[Json]) -> HttpRequest:
        project = quote(to.credentials["projectId"], safe="")
        account = basic(to.credentials["username"], to.credentials["secret"])
        return json_request(f"{to.url}/import?strict=1&project_id={project}", events, authorization=account)
