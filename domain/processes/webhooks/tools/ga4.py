"""Google Analytics 4 by the measurement protocol, which answers 2xx to everything: a probe alone is checked."""

import re
from urllib.parse import quote

from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import (
    Json,
    Message,
    Target,
    ToolAnswer,
    ToolProtocol,
    by_status,
    decoded,
    json_request,
    plain,
)

_NAME = 40
_VALUE = 100
_PARAMETERS = 25
_TAKEN = re.compile(r"(ga_|google_|firebase_|gtag\.|_)")
_OTHERS = re.compile(r"[^A-Za-z0-9_]")


def ga4_name(name: str) -> str:
    """A name as it may be there: letters, digits and ``_``, a letter first, no more than 40."""
    found = _OTHERS.sub("_", name)
    if not found[:1].isalpha() or _TAKEN.match(found):
        found = f"hw_{found}"
    return found[:_NAME]


class Ga4(ToolProtocol):
    """One event, with 25 parameters at the most."""

    def request(self, to: Target, message: Message) -> HttpRequest:
        return self._collect(to, "/mp/collect", message)

    def probe(self, to: Target) -> HttpRequest:
        return json_request(
            self._url(to, "/debug/mp/collect"), {"client_id": "hw.1", "events": [{"name": "hw_test"}]}
        )

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        said = decoded(answer)
        if isinstance(said, dict) and said.get("validationMessages"):
            return ToolAnswer("not_valid", final=True)
        return by_status(answer.status)

    def _collect(self, to: Target, path: str, message: Message) -> HttpRequest:
        given = list(message.fields.items())[: _PARAMETERS - 1]
        parameters = {ga4_name(name): _shortened(plain(value)) for name, value in given}
        body: dict[str, Json] = {
            "client_id": message.who or message.thing,
            "timestamp_micros": int(message.at.timestamp() * 1_000_000),
            "events": [{"name": ga4_name(message.type), "params": {**parameters, "message_id": message.id}}],
        }
        if message.who is not None:
            body["user_id"] = message.who
        return json_request(self._url(to, path), body)

    def _url(self, to: Target, path: str) -> str:
        query = {"measurement_id": to.credentials["measurementId"], "api_secret": to.credentials["apiSecret"]}
        return f"{to.url}{path}?" + "&".join(
            f"{name}={quote(value, safe='')}" for name, value in query.items()
        )


def _shortened(value: Json) -> Json:
    return value[:_VALUE] if isinstance(value, str) else value
