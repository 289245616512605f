"""Tries to call a webhook, and what came of them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.gateway.webhook_signature import (
    SecretUnreadable,
    WebhookSecrets,
    message_id,
    signed_headers,
)
from domain.gateway.webhooks import Webhook, WebhookStop
from domain.kit.clock import Clock
from domain.kit.process.http_client import HttpAnswer, HttpClient, HttpRequest, NoHttpAnswer, pause_of
from domain.processes.webhooks.ports import SentBody
from domain.processes.webhooks.tools.caller import ToolCaller
from domain.processes.webhooks.tools.protocol import Message, ToolAnswer

GONE = 410
"""The status by which a destination says that it wants no more of it."""
PATIENCE = timedelta(days=5)
"""After so long without any success a webhook is switched off."""
UNREADABLE = "secret_unreadable"
"""The error of a try for which no secret could be read; its operators may set the former key again."""
_LATER = (429, 503)
_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try: what is kept of the answer is its status alone."""

    at: datetime
    took: timedelta
    status: int | None = None
    error: str | None = None
    pause: float = 0
    """Seconds that the destination asks to wait."""
    final: bool = False
    """Whether another try would be answered alike."""
    withheld: tuple[str, ...] = ()
    """The fields that were left out."""

    def noted(self) -> dict[str, str | int | tuple[str, ...] | None]:
        """As JSON."""
        return {
            "at": self.at.isoformat(),
            "ms": round(self.took / timedelta(milliseconds=1)),
            "status": self.status,
            "error": self.error,
            "withheld": self.withheld,
        }


def given_up(webhook: Webhook, attempt: Attempt) -> WebhookStop | None:
    """Why a webhook is to be switched off after a try that failed; None while it is tried again."""
    if attempt.status == GONE:
        return WebhookStop.GONE
    if webhook.failing_since is not None and attempt.at - webhook.failing_since > PATIENCE:
        return WebhookStop.FAILING
    return None


class WebhookCaller:
    """Calls webhooks, each time with a signature of that moment."""

    def __init__(self, http: HttpClient, secrets: WebhookSecrets, clock: Clock) -> None:
        self._http, self._secrets, self._clock = http, secrets, clock
        self._tools = ToolCaller(http, secrets, _SECONDS)

    async def post(self, webhook: Webhook, event_id: UUID, body: SentBody) -> Attempt:
        """Call it once, with what is said about an event."""
        began = self._clock.now()
        # Of this moment, as receivers refuse what was signed long ago.
        secrets = self._secrets.readable(webhook.id, webhook.secrets(began))
        if not secrets:
            return self._failed(began, UNREADABLE)
        headers = signed_headers(message_id(webhook.id, event_id), began, body.text, secrets)
        request = HttpRequest(
            url=webhook.url, body=body.text, headers={"Content-Type": "application/json", **headers}
        )
        try:
            answer = await self._http.send(request, seconds=_SECONDS)
        except NoHttpAnswer as none:
            return self._failed(began, none.failure.value)
        good = 200 <= answer.status < 300
        verdict = ToolAnswer(None if good else f"http_{answer.status}")
        return replace(self._answered(began, answer, verdict), withheld=body.withheld)

    async def export(self, webhook: Webhook, message: Message | None) -> Attempt | None:
        """Send a message to a destination once, a probe without one; None when there is nothing to be sent."""
        began = self._clock.now()
        try:
            sent = await self._tools.send(webhook, message)
        except NoHttpAnswer as none:
            return self._failed(began, none.failure.value)
        except SecretUnreadable:
            return self._failed(began, UNREADABLE)
        if sent is None:
            return None
        return replace(self._answered(began, *sent), withheld=message.withheld if message else ())

    def _failed(self, began: datetime, error: str) -> Attempt:
        return Attempt(at=began, took=self._clock.now() - began, error=error)

    def _answered(self, began: datetime, answer: HttpAnswer, verdict: ToolAnswer) -> Attempt:
        ended = self._clock.now()
        return Attempt(
            at=began,
            took=ended - began,
            status=answer.status,
            error=verdict.error,
            pause=pause_of(answer, ended) if answer.status in _LATER else 0,
            final=verdict.final,
        )
