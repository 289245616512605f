"""Salesforce's contacts: one is made or changed by an external id, with a token that ends."""

from urllib.parse import quote, urlencode

from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import (
    ARRIVED,
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
from domain.processes.webhooks.tools.tokens import SignIn

DATA = "/services/data/v62.0"
LATER = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
"""What another try may put right."""


class Salesforce(ToolProtocol, SignIn):
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

    def request(self, to: Target, message: Message) -> HttpRequest | None:
        external = to.credentials["externalId"]
        if message.who is None:
            return None
        contact = {
            **{name: plain(value) for name, value in message.fields.items() if value is not None},
            "attributes": {"type": "Contact"},
            external: message.who,
        }
        url = f"{to.url}{DATA}/composite/sobjects/Contact/{quote(external, safe='')}"
        body = {"allOrNone": False, "records": [contact]}
        return json_request(url, body, method="PATCH")

    def probe(self, to: Target) -> HttpRequest:
        return json_request(f"{to.url}{DATA}/limits", None, method="GET")

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        said = decoded(answer)
        if answer.status != 200 or not isinstance(said, list):
            return by_status(answer.status)
        refused = [record for record in said if isinstance(record, dict) and not record.get("success")]
        if not refused:
            return ARRIVED
        errors = [error.get("statusCode") for record in refused for error in _listed(record.get("errors"))]
        return ToolAnswer("record_refused", final=not any(error in LATER for error in errors))


def _listed(errors: Json) -> list[dict[str, Json]]:
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
