"""HubSpot's contacts: one is made or changed by its e-mail address."""

from domain.kit.process.http_client import HttpAnswer, HttpRequest
from domain.processes.webhooks.tools.protocol import (
    Message,
    Target,
    ToolAnswer,
    ToolProtocol,
    by_status,
    decoded,
    json_request,
    plain,
)

CONTACTS = "/crm/v3/objects/contacts"
_PARTLY = 207
_LATER = ("RATE_LIMITS", "CONFLICT")
"""What another try may put right."""


class HubSpot(ToolProtocol):
    """A batch of one contact; an event without an address is none."""

    def request(self, to: Target, message: Message) -> HttpRequest | None:
        email = message.fields.get("email")
        if not isinstance(email, str) or not email:
            return None
        contact = {
            "idProperty": "email",
            "id": email,
            "objectWriteTraceId": message.id,
            "properties": {name: plain(value) for name, value in message.fields.items() if value is not None},
        }
        return json_request(
            f"{to.url}{CONTACTS}/batch/upsert", {"inputs": [contact]}, authorization=bearer(to)
        )

    def probe(self, to: Target) -> HttpRequest:
        return json_request(f"{to.url}{CONTACTS}?limit=1", None, method="GET", authorization=bearer(to))

    def read(self, answer: HttpAnswer) -> ToolAnswer:
        said = decoded(answer)
        if answer.status == _PARTLY:
            errors = said.get("errors") if isinstance(said, dict) else None
            categories = [error.get("category") for error in errors or () if isinstance(error, dict)]
            return ToolAnswer("record_refused", final=not any(each in _LATER for each in categories))
        return by_status(answer.status)


def bearer(to: Target) -> str:
    """The value of ``Authorization`` for an access token."""
    return f"Bearer {to.credentials['accessToken']}"
