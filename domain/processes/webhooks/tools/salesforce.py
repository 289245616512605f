"""Salesforce's contacts: one is made or changed by an external id, with a token that ends."""

from urllib.parse import quote, urlencode

from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import (
    ARRIVED,
    Json,
    Message,
    Target,
    TokenProtocol,
    ToolAnswer,
    by_status,
    decoded,
    json_request,
    plain,
)

_DATA = "/services/data/v62.0"
_LATER = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
"""What another try may put right."""


class Salesforce(TokenProtocol):
    """A collection of one contact."""

    def sign_in(self, to: Target) -> HttpRequest:
        query = {
            "grant_type": "client_credentials",
            "client_id": to.credentials["clientId"],
            "client_secret": to.credentials["clientSecret"],
        }
        return HttpRequest(
            url=f"{to.url}/services/oauth2/token",
            body=urlencode(query).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def token(self, answer: HttpAnswer) -> str | None:
        said = decoded(answer)
        found = said.get("access_token") if answer.status == 200 and isinstance(said, dict) else None
        return found if isinstance(found, str) else None

    def request(self, to: Target, message: Message) -> HttpRequest | None:
        external = to.credentials["externalId"]
        if message.who is None:
            return None
        contact = {
            **{name: plain(value) for name, value in message.fields.items() if value is not None},
            "attributes": {"type": "Contact"},
            external: message.who,
        }
        url = f"{to.url}{_DATA}/composite/sobjects/Contact/{quote(external, safe='')}"
        body = {"allOrNone": False, "records": [contact]}
        return json_request(url, body, method="PATCH", authorization=f"Bearer {to.token}")

    def probe(self, to: Target) -> HttpRequest:
        return json_request(f"{to.url}{_DATA}/limits", None, method="GET", authorization=f"Bearer {to.token}")

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        said = decoded(answer)
        if answer.status != 200 or not isinstance(said, list):
            return by_status(answer.status)
        refused = [record for record in said if isinstance(record, dict) and not record.get("success")]
        if not refused:
            return ARRIVED
        errors = [error.get("statusCode") for record in refused for error in _listed(record.get("errors"))]
        return ToolAnswer("record_refused", final=not any(error in _LATER for error in errors))


def _listed(errors: Json) -> list[dict[str, Json]]:
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
