"""Pages of the tools that connectors know: asked for with the credentials of a connector, as the tool has it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial

from app.gateway.pulls.http_pages import (
    HttpPage,
    PageReader,
    json_in,
    listed,
    opened_secret,
    read_page,
    require_good,
)
from app.gateway.pulls.tools.ga4 import Ga4Rows
from app.gateway.pulls.tools.hubspot import HubSpotContacts
from app.gateway.pulls.tools.mixpanel import MixpanelEvents
from app.gateway.pulls.tools.pulled_tool import PageQuery, PulledTool, StreamedPage
from app.gateway.pulls.tools.salesforce import SalesforceContacts
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.terms import SyncMode
from domain.gateway.connectors.tools import ConnectorTool, settings_of
from domain.gateway.webhook_signature import WebhookSecrets
from domain.kit.clock import Clock
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.http_client import HttpAnswer, HttpClient, HttpRequest, NoHttpAnswer
from domain.processes.webhooks.tools.protocol import Target, credentials_in
from domain.processes.webhooks.tools.tokens import NoToken, TokenCaller

TOOLS: Mapping[ConnectorTool, PulledTool] = {
    ConnectorTool.HUBSPOT: HubSpotContacts(),
    ConnectorTool.SALESFORCE: SalesforceContacts(),
    ConnectorTool.MIXPANEL: MixpanelEvents(),
    ConnectorTool.GA4: Ga4Rows(),
}
LARGEST = 16 * 1024 * 1024
"""Bytes of a page."""
SECONDS = 60.0
STREAMS = 2
"""Answers that are read as they come at one time: each may be long, and takes much of this process."""
_PATIENCE = 30.0
"""Seconds that one waits for its turn."""
_DENIED = (400, 401, 403)
"""How it is said that no token is given for these credentials."""


class ToolPages(PageReader):
    """Asks tools for pages."""

    def __init__(
        self, http: HttpClient, secrets: WebhookSecrets, clock: Clock, *, patience: float = _PATIENCE
    ) -> None:
        """``http`` reads answers of more than `LARGEST` bytes; ``patience``: seconds to wait for a turn."""
        self._http, self._secrets, self._clock = http, secrets, clock
        self._tokens = TokenCaller(http, SECONDS)
        self._turns, self._patience = asyncio.Semaphore(STREAMS), patience

    async def read(self, connector: Connector, cursor: str | None) -> HttpPage:
        assert connector.tool is not None
        tool = TOOLS[connector.tool]
        to = Target(url=connector.url, credentials=credentials_in(opened_secret(self._secrets, connector)))
        query = PageQuery(
            cursor=cursor,
            settings=settings_of(connector.settings),
            now=self._clock.now(),
            # A batch begins at the beginning each time.
            left=None if connector.mode is SyncMode.BATCH else connector.left,
        )
        if (streamed := tool.streamed(query)) is None:
            return await self._page(tool, connector, to, query, None)
        await self._turn()
        try:
            return await self._page(tool, connector, to, query, streamed)
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        """Wait for a turn. Raises EffectFailed, as pulls of other tools wait for the slot of this one."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            raise EffectFailed("exports_busy", after=self._patience) from None

    async def _page(
        self,
        tool: PulledTool,
        connector: Connector,
        to: Target,
        query: PageQuery,
        streamed: StreamedPage | None,
    ) -> HttpPage:
        add = None if streamed is None else _adding(streamed)
        try:
            answer = await self._send(tool, connector, to, tool.request(to, query), query.now, add)
        except NoHttpAnswer as none:
            raise EffectFailed(none.failure.value) from None
        if tool.is_late(answer):
            raise EffectFailed("limit_reached")
        require_good(answer, self._clock, largest=LARGEST)
        read = partial(json_in, answer.body) if streamed is None else streamed.read
        page = tool.page(query, await asyncio.to_thread(read_page, read))
        listed(page.items, most=tool.most)
        return page

    async def _send(
        self,
        tool: PulledTool,
        connector: Connector,
        to: Target,
        request: HttpRequest,
        now: datetime,
        add: Callable[[bytes], Awaitable[None]] | None,
    ) -> HttpAnswer:
        if (account := tool.account(now)) is None:
            return await self._http.send(request, seconds=tool.seconds, add=add)
        try:
            key = (connector.id, to.url, connector.header or "")
            return await self._tokens.send(account, key, to, request)
        except NoToken as refused:
            if refused.answer.status in _DENIED:
                raise EffectRefused("sign_in_refused") from None
            require_good(refused.answer, self._clock, largest=LARGEST)
            raise EffectFailed("no_token") from None


def _adding(page: StreamedPage) -> Callable[[bytes], Awaitable[None]]:
    async def add(part: bytes) -> None:
        # Others have their turn.
        await asyncio.to_thread(page.add, part)

    return add
