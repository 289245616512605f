"""The product with its processes at work, which mail to a server of the test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from email.message import EmailMessage
from functools import partial
from uuid import UUID

import pytest

from app.composition.write_side import writing
from app.entry.processes import Parts, enrolled, processes, run_processes
from app.log.postgres import PostgresLog
from app.storage.database import Database
from domain.identity.user_commands import ConfirmUserEmail
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from projections.kit.background import running
from projections.kit.follow.pages import Pages
from tests.domain.sending import accepted
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.mail.server import Inbox, mail_server, text_of


@dataclass
class Telling:
    """The processes, and what they mailed."""

    product: Product
    database: Database
    log: PostgresLog
    bus: Bus
    inbox: Inbox

    async def quiet(self) -> None:
        """Wait until everybody is told of all that has happened, and mailed where they chose it."""

        async def done() -> bool:
            return bool(await self.database.writer.fetchval(_QUIET, await self.log.head()))

        await until(done)

    async def notifications(self, client: Client) -> list[tuple[str, str | None]]:
        """Kind and task of each of a client's notifications, the first first, once all are told."""
        await self.quiet()
        position = str(await self.log.head())
        found = await client.send("Notifications", afterPosition=position)
        return [(edge["node"]["kind"], edge["node"]["taskId"]) for edge in reversed(found["edges"])]

    def texts(self, client: Client) -> list[str]:
        """What the mails to a client say."""
        return [text_of(message) for message in self._mails(client)]

    def mailed(self, client: Client) -> list[str]:
        """What the mails to a client are about."""
        return [str(message["subject"]) for message in self._mails(client)]

    def _mails(self, client: Client) -> list[EmailMessage]:
        to = f"{client.user}@example.com"
        return [message for message in self.inbox.messages if str(message["to"]).lower().endswith(to)]


_QUIET = """
select not exists (select from processes.lanes where position < $1)
   and not exists (select from processes.ledger where finished_at is null)
"""


@pytest.fixture(scope="module")
async def telling(product: Product) -> AsyncIterator[Telling]:
    inbox = Inbox()
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(mail_server(inbox))
        settings = replace(product.settings, smtp_url=f"smtp://127.0.0.1:{port}")
        database = await Database.open(settings.database_url, secret=settings.secret, writers=6, readers=2)
        stack.push_async_callback(database.close)
        writes = await stack.enter_async_context(writing(settings, database))
        log, bus = writes.log, writes.bus
        parts = Parts(
            settings=settings, database=database, log=log, bus=bus, opening=writes.ring, codec=writes.codec
        )
        enrolled_processes = await enrolled(database, processes(parts))
        pages = Pages(log, writes.codec, poll=0.05)
        await stack.enter_async_context(running(pages.run, name="pages"))
        acting = partial(run_processes, enrolled_processes, database=database, log=log, pages=pages, bus=bus)
        await stack.enter_async_context(running(acting, name="processes"))
        yield Telling(product, database, log, bus, inbox)


@dataclass
class Team:
    """People of one tenant."""

    ann: Client
    """Creates the tasks."""
    bob: Client
    """Is to do them."""
    carl: Client
    """Changes them."""

    @property
    def tenant(self) -> UUID:
        return self.ann.tenant


@pytest.fixture
async def team(product: Product, telling: Telling) -> Team:
    """Three people in a tenant that only this test uses."""
    ann = await product.newcomer("Ann")
    bob, carl = [await product.newcomer(name, tenant=ann.tenant, role="member") for name in ("Bob", "Carl")]
    for client in (ann, bob, carl):
        by = Caller(tenant_id=client.tenant, user_id=client.user)
        await accepted(telling.bus, ConfirmUserEmail(id=client.user), by=by)
    return Team(ann, bob, carl)
