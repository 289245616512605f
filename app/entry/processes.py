"""The processes of the product with the adapters of their ports, and what runs them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.audit.access_writer import recorded
from app.campaigns.factory import campaign_sending
from app.gateway.factory import connector_pages, event_files, import_rows, job_letters, worker_checks
from app.gateway.outside_history import StoredHistory
from app.mail.allowance import CountedAllowance, limits
from app.mail.factory import create_mailer
from app.mail.links import MailedLinks
from app.mail.mailed_tokens import MailedTokens
from app.marketing.factory import report_rows
from app.outgoing.http_client import OutgoingClient
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.placement.tenant_names import RegistryNames
from app.privacy.consents import LoggedConsents
from app.processes.address_proofs import AddressProver, LinkedDatabase, Reach, always
from app.processes.declared import PLATFORM_PROCESSES, PROCESSES
from app.processes.lease import enroll
from app.processes.recipients import NotifiedReminders, Recipients
from app.processes.runner import run_processes
from app.processes.tenant_invoices import ReachedBilling
from app.processes.webhook_contents import VisibleContents
from app.processes.webhook_notices import MailedWebhookNotices
from app.setting_values import read_ports
from app.settings import Settings
from app.storage.database import Database, Pool
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.clock import Clock, SystemClock
from domain.kit.codec import Codec, PlainCodec
from domain.kit.context.adapters import created, provided
from domain.kit.log import Log
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process
from domain.kit.process.sealed_mailer import SealedMailer
from domain.kit.sealed import Opening, PlainOpening
from projections.kit.read.live_generations import LiveGenerations
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

__all__ = ["Parts", "enrolled", "home_processes", "processes", "run_processes"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the adapters of the processes' ports are made of."""

    settings: Settings
    database: Database
    log: Log
    bus: Bus
    codec: Codec = field(default_factory=PlainCodec)
    opening: Opening = field(default_factory=PlainOpening)
    clock: Clock = field(default_factory=SystemClock)
    counting: "Pool | None" = None
    """Leads to the platform's database, where mail is counted and placements are kept; None: it is this one."""
    accounts: LinkedDatabase | None = None
    """The platform's database, where accounts are; None: it is this one."""
    live: LiveGenerations | None = None
    """Says where the views of this database are; None: nothing is sent to webhooks."""
    reach: Reach | None = None
    """Leads to the databases of tenants; None: all that are served are in this one."""


def processes(parts: Parts) -> list[Process[Any]]:
    """The processes of every database, with the adapters of their ports.

    Raises SettingsError when mail cannot be sent as the settings say.
    """
    settings = parts.settings
    repository = Repository(parts.log, parts.codec)
    people = Recipients(repository)
    here = LinkedDatabase(repository=repository, opening=parts.opening, bus=parts.bus)
    links = MailedLinks(settings, MailedTokens(settings.derive("mailed tokens")))
    platform = parts.counting or parts.database.writer
    allowance = CountedAllowance(
        platform,
        settings.derive("mail recipients"),
        limits=limits(invitations=settings.invitations_per_day),
        links=links,
    )
    mailer = SealedMailer(create_mailer(settings, parts.clock), parts.opening, allowance)
    adapters = provided(
        ProcessPorts(bus=parts.bus, repository=repository, mailer=mailer, clock=parts.clock),
        mailer,
        links,
        people,
        NotifiedReminders(people, parts.bus),
        AddressProver(parts.accounts or here, parts.reach or always(here)),
        RegistryNames(here, parts.accounts or here, platform),
        ReachedBilling(parts.reach or always(here)),
        StoredHistory(parts.database, parts.live, parts.log),
        *_webhooks(parts, mailer, repository),
        *_gateway(parts),
        report_rows(settings, bus=parts.bus, opening=parts.opening),
        _campaigns(parts, repository, links),
    )
    return [created(process, {**adapters, Clock: parts.clock}) for process in PROCESSES]


def _gateway(parts: Parts) -> tuple[object, ...]:
    """What takes in rows of files, replays dead letters, writes events into files, and what connectors pull."""
    rows = None if parts.live is None else PostgresRows(parts.database, parts.live)
    positions = None if parts.live is None else Positions(parts.database.writer, parts.live)
    settings, bus, codec, opening = parts.settings, parts.bus, parts.codec, parts.opening
    checks = worker_checks(rows)
    return (
        import_rows(settings, bus=bus, codec=codec, opening=opening, rows=rows, checks=checks),
        job_letters(
            settings, bus=bus, codec=codec, opening=opening, rows=rows, checks=checks, positions=positions
        ),
        event_files(settings, opening=opening, rows=rows, positions=positions),
        connector_pages(
            settings, bus=bus, codec=codec, opening=opening, rows=rows, checks=checks, clock=parts.clock
        ),
    )


def _campaigns(parts: Parts, repository: Repository, links: MailedLinks) -> object:
    """What sends campaigns."""
    rows = None if parts.live is None else PostgresRows(parts.database, parts.live)
    return campaign_sending(
        parts.settings,
        bus=parts.bus,
        repository=repository,
        opening=parts.opening,
        rows=rows,
        links=links,
        clock=parts.clock,
    )


def _webhooks(parts: Parts, mailer: SealedMailer, repository: Repository) -> tuple[object, ...]:
    """What calls addresses that tenants name."""
    settings = parts.settings
    return (
        OutgoingClient(ports=read_ports(settings.outgoing_ports), loopback=settings.outgoing_loopback),
        SealedWebhookSecrets(settings.derive("webhook secrets")),
        VisibleContents(
            parts.database,
            parts.live,
            log=parts.log,
            codec=parts.codec,
            opening=parts.opening,
            consents=LoggedConsents(repository),
            record=partial(recorded, parts.database.writer),
            masking=settings.masks,
        ),
        MailedWebhookNotices(parts.database, parts.live, mailer),
    )


def home_processes() -> list[Process[Any]]:
    """The processes of the platform's database alone, beside those that place tenants."""
    return [created(process, {}) for process in PLATFORM_PROCESSES]


async def enrolled(database: Database, processes: Sequence[Process[Any]]) -> Sequence[Process[Any]]:
    """The processes, made known to the database; each reacts to what is appended after its first time.

    Raises ProcessRefused when newer code has run one of them.
    """
    for process in processes:
        await enroll(database.writer, process)
    return processes
