"""Calls tools: with the credentials of a destination, by the protocol of its kind."""

from collections.abc import Mapping

from domain.gateway.tools.destinations import WebhookKind
from domain.gateway.webhook_signature import WebhookSecrets
from domain.gateway.webhooks import Webhook
from domain.kit.process.http_client import HttpAnswer, HttpClient
from domain.processes.webhooks.tools.ga4 import Ga4
from domain.processes.webhooks.tools.hubspot import HubSpot
from domain.processes.webhooks.tools.mixpanel import Mixpanel
from domain.processes.webhooks.tools.protocol import Message, Target, ToolAnswer, ToolProtocol, credentials_in
from domain.processes.webhooks.tools.salesforce import Salesforce
from domain.processes.webhooks.tools.segment import Segment
from domain.processes.webhooks.tools.tokens import NoToken, TokenCaller

PROTOCOLS: Mapping[WebhookKind, ToolProtocol] = {
    WebhookKind.SEGMENT: Segment(),
    WebhookKind.MIXPANEL: Mixpanel(),
    WebhookKind.GA4: Ga4(),
    WebhookKind.HUBSPOT: HubSpot(),
    WebhookKind.SALESFORCE: Salesforce(),
}


class ToolCaller:
    """Sends messages to destinations."""

    def __init__(self, http: HttpClient, secrets: WebhookSecrets, seconds: float) -> None:
        self._http, self._secrets, self._seconds = http, secrets, seconds
        self._tokens = TokenCaller(http, seconds)

    async def send(self, webhook: Webhook, message: Message | None) -> tuple[HttpAnswer, ToolAnswer] | None:
        """Send a message, or a probe without one. None when there is nothing to be sent. Raises NoHttpAnswer."""
        protocol = PROTOCOLS[webhook.kind]
        credentials = credentials_in(self._secrets.open(webhook.id, webhook.secret))
        to = Target(url=webhook.url, credentials=credentials)
        request = protocol.probe(to) if message is None else protocol.request(to, message)
        if request is None:
            return None
        if isinstance(protocol, Salesforce):
            try:
                key = (webhook.id, to.url, webhook.secret)
                answer = await self._tokens.send(protocol, key, to, request)
            except NoToken as refused:
                return refused.answer, ToolAnswer("sign_in_refused")
        else:
            answer = await self._http.send(request, seconds=self._seconds)
        return answer, protocol.read(answer)
