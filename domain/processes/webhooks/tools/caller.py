"""Calls tools: with the credentials of a destination, by the protocol of its kind."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from cachetools import LRUCache

from domain.gateway.tools.destinations import WebhookKind
from domain.gateway.webhook_signature import WebhookSecrets
from domain.gateway.webhooks import Webhook
from domain.kit.process.http_client import HttpAnswer, HttpClient
from domain.processes.webhooks.tools.ga4 import Ga4
from domain.processes.webhooks.tools.hubspot import HubSpot
from domain.processes.webhooks.tools.mixpanel import Mixpanel
from domain.processes.webhooks.tools.protocol import Message, Target, TokenProtocol, ToolAnswer, ToolProtocol
from domain.processes.webhooks.tools.salesforce import Salesforce
from domain.processes.webhooks.tools.segment import Segment

PROTOCOLS: Mapping[WebhookKind, ToolProtocol] = {
    WebhookKind.SEGMENT: Segment(),
    WebhookKind.MIXPANEL: Mixpanel(),
    WebhookKind.GA4: Ga4(),
    WebhookKind.HUBSPOT: HubSpot(),
    WebhookKind.SALESFORCE: Salesforce(),
}
_TOKENS = 1_000
_UNAUTHORIZED = 401


class ToolCaller:
    """Sends messages to destinations. Tokens are kept in memory, while address and credentials stay the same."""

    def __init__(self, http: HttpClient, secrets: WebhookSecrets, seconds: float) -> None:
        self._http, self._secrets, self._seconds = http, secrets, seconds
        self._tokens: LRUCache[tuple[UUID, str, str], str] = LRUCache(_TOKENS)

    async def send(self, webhook: Webhook, message: Message | None) -> tuple[HttpAnswer, ToolAnswer] | None:
        """Send a message, or a probe without one. None when there is nothing to be sent. Raises NoHttpAnswer."""
        protocol = PROTOCOLS[webhook.kind]
        to = Target(url=webhook.url, credentials=self._credentials(webhook))
        if not isinstance(protocol, Salesforce):
            return await self._send(protocol, to, message)
        return await self._with_token(protocol, webhook, to, message)

    async def _with_token(
        self, protocol: TokenProtocol, webhook: Webhook, to: Target, message: Message | None
    ) -> tuple[HttpAnswer, ToolAnswer] | None:
        key = (webhook.id, to.url, webhook.secret)
        if kept := self._tokens.get(key):
            sent = await self._send(protocol, replace(to, token=kept), message)
            if sent is None or sent[0].status != _UNAUTHORIZED:
                return sent
        answer = await self._http.send(protocol.sign_in(to), seconds=self._seconds)
        if (token := protocol.token(answer)) is None:
            return answer, ToolAnswer("sign_in_refused")
        self._tokens[key] = token
        return await self._send(protocol, replace(to, token=token), message)

    async def _send(
        self, protocol: ToolProtocol, to: Target, message: Message | None
    ) -> tuple[HttpAnswer, ToolAnswer] | None:
        request = protocol.probe(to) if message is None else protocol.request(to, message)
        if request is None:
            return None
        answer = await self._http.send(request, seconds=self._seconds)
        return answer, protocol.read(answer)

    def _credentials(self, webhook: Webhook) -> dict[str, str]:
        opened = self._secrets.open(webhook.id, webhook.secret)
        return dict(line.split("=", 1) for line in opened.split("\n"))
