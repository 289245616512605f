"""Sending: a campaign to a list of contacts, beside a plain loop over aiosmtplib; both to one sink."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

from app.composition.write_side import WriteSide, written
from app.embedded.opensearch import free_port
from app.settings import Settings
from bench.place import SECRET, migrated_database, postgres, run, valkey
from bench.sides import running
from bench.table import COMPARED, Sample, Stopwatch, compare, rounds, sample, show
from domain.campaigns.campaigns.commands import CreateCampaign, StartCampaign
from domain.campaigns.campaigns.senders import (
    RegisterSender,
    RequestSenderVerification,
    VerifySender,
    verification_id,
)
from domain.campaigns.contacts.contact_commands import CreateContact
from domain.campaigns.contacts.contact_lists import CreateContactList, OptIn
from domain.campaigns.contacts.memberships import ConsentSource
from domain.campaigns.contacts.subscription_commands import SubscribeContact
from domain.campaigns.mailings.campaign_runs import CampaignRun
from domain.campaigns.templates.templates import CreateTemplate
from domain.campaigns.templates.terms import TemplateKind
from domain.kit.caller import SYSTEM, Caller
from domain.kit.commands import Command
from domain.kit.refusals import require

ROUNDS = 3
_CALLERS = 50
"""Who make contacts at the same time."""
_PEER, _OURS = "aiosmtplib", "Headwater"
_BODY = """<p>Hello {{ contact.first_name }}, this is for {{ contact.email }}.</p>
<p><a href="https://shop.example/sale">Shop now</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>"""
# The whole of the peer: it knows no consent, keeps no record, and loses its place when it ends.
PEER = """
import asyncio, sys
from email.message import EmailMessage
import aiosmtplib

async def send(port, places):
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        for place in places:
            message = EmailMessage()
            message["From"], message["To"] = "shop@example.com", f"contact-{place}@example.com"
            message["Subject"] = "Sale!"
            message.set_content(f"Hello Zoe, this is for contact-{place}@example.com. https://shop.example/sale")
            message.add_alternative(
                f"<p>Hello Zoe, this is for contact-{place}@example.com.</p>"
                f'<p><a href="https://shop.example/sale">Shop now</a> <a href="https://x.example/{place}">Unsubscribe</a></p>',
                subtype="html")
            await client.send_message(message)

async def main(port, count):
    places = iter(range(count))
    await asyncio.gather(*(send(port, places) for _ in range(8)))

asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
"""


@dataclass
class Sink:
    """A mail server that takes everything and keeps nothing."""

    port: int = 0
    taken: int = 0
    awaited: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def await_mails(self, count: int) -> None:
        """Have ``arrived`` set by as many more."""
        self.awaited = self.taken + count
        self.arrived.clear()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with a client until it leaves."""
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.taken += 1
                if self.taken >= self.awaited:
                    self.arrived.set()
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                break
        writer.close()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A sink on a port of the loopback."""
    taking = Sink()
    server = await asyncio.start_server(taking.converse, "127.0.0.1", 0, limit=2**22)
    taking.port = server.sockets[0].getsockname()[1]
    async with server:
        yield taking


async def main(count: int) -> None:
    """Send to the same contacts by both, round by round."""
    async with postgres() as server, valkey() as redis, sink() as taking:
        settings = Settings(
            database_url=await migrated_database(server, "ours"),
            redis_url=redis.url,
            secret=SECRET,
            port=free_port(),
            smtp_url=f"smtp://127.0.0.1:{taking.port}",
            log_level="error",
        )
        worker = [sys.executable, "-m", "app.cli", "worker"]
        with running(worker, {**os.environ, **settings.environ()}) as process:
            async with written(settings) as writes:
                await _there(writes)
                company = await _company(writes, count)
                sides = {_PEER: partial(_loop, taking, count), _OURS: partial(company.sent, taking, count)}
                found = await rounds(sides, count=ROUNDS)
            memory = process.memory_info().rss / 2**20
        title = f"Sending: a campaign to {count:,} contacts"
        show(title, COMPARED, compare(found, peer=_PEER, unit="mails"))
        print(f"\nMemory of the worker after {count * (ROUNDS + 1):,} mails: {memory:,.0f} MB.")


async def _there(writes: WriteSide) -> None:
    """Wait until the worker has begun to send what is started."""
    begun = "select count(*) from processes.holders where process = $1"
    while not await writes.database.writer.fetchval(begun, CampaignRun.name):  # noqa: ASYNC110  # Nobody says so.
        await asyncio.sleep(0.1)


async def _loop(taking: Sink, count: int) -> Sample:
    taking.await_mails(count)
    watch = Stopwatch()
    peer = await asyncio.create_subprocess_exec(sys.executable, "-c", PEER, str(taking.port), str(count))
    assert await peer.wait() == 0, "the peer failed"
    await taking.arrived.wait()
    return sample(count, watch)


@dataclass
class _Company:
    """Who sends campaigns to a list."""

    writes: WriteSide
    by: Caller
    template: UUID
    sender: UUID
    contact_list: UUID

    async def do(self, command: Command) -> None:
        require(await self.writes.bus.send(command, by=self.by))

    async def sent(self, taking: Sink, count: int) -> Sample:
        """A campaign, from its start until its last mail is taken."""
        campaign = uuid4()
        await self.do(
            CreateCampaign(
                id=campaign,
                name=f"Sale {campaign}",
                template_id=self.template,
                sender_id=self.sender,
                list_ids=(self.contact_list,),
            )
        )
        taking.await_mails(count)
        watch = Stopwatch()
        await self.do(StartCampaign(id=campaign))
        await taking.arrived.wait()
        return sample(count, watch)


async def _company(writes: WriteSide, count: int) -> _Company:
    by = Caller(tenant_id=uuid4(), user_id=SYSTEM, kind="service")
    company = _Company(writes, by, uuid4(), uuid4(), uuid4())
    for command in (
        CreateTemplate(id=company.template, name="Sale", kind=TemplateKind.HTML, subject="Sale!", body=_BODY),
        RegisterSender(id=company.sender, name="Shop", address="shop@example.com"),
        RequestSenderVerification(id=company.sender),
        VerifySender(id=company.sender, verification_id=verification_id(company.sender, 1)),
        CreateContactList(id=company.contact_list, name="News", opt_in=OptIn.SINGLE),
    ):
        await company.do(command)
    places = iter(range(count))

    async def make() -> None:
        for place in places:
            contact = uuid4()
            await company.do(
                CreateContact(id=contact, email=f"contact-{place}@example.com", first_name="Zoe")
            )
            await company.do(
                SubscribeContact(
                    id=contact, contact_list_id=company.contact_list, source=ConsentSource.IMPORT
                )
            )

    await asyncio.gather(*(make() for _ in range(_CALLERS)))
    return company


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mails", type=int, default=5_000)
    run(main(arguments.parse_args().mails))
