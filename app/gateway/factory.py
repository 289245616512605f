"""What the API and the workers ask of the gateway, in one database."""

from functools import partial

from app.composition.write_side import WriteSide
from app.files.factory import files_of, links_of
from app.gateway.admission import SourceAdmission
from app.gateway.callbacks.certificates import SigningCertificates, known_authorities
from app.gateway.callbacks.door import CallbackDoor
from app.gateway.exports.event_files import NoEventFiles, StoredEventFiles
from app.gateway.exports.event_texts import InstalledFormats
from app.gateway.imports.desk import FileDesk
from app.gateway.imports.intake import FileIntake, NoRows
from app.gateway.ingestion import Ingestion
from app.gateway.letters.job_letters import JobLetters, NoLetters
from app.gateway.letters.letter_replay import DeadLetterReplay
from app.gateway.pulls import http_pages
from app.gateway.pulls.http_pages import HttpPages
from app.gateway.pulls.intake import NoPages, PulledIntake
from app.gateway.pulls.pulled_items import PulledItems
from app.gateway.pulls.tools import tool_pages
from app.gateway.pulls.tools.tool_pages import ToolPages
from app.gateway.schema_checks import SchemaChecks
from app.gateway.turns import LockedTurns
from app.keys import KeyRing
from app.outgoing.http_client import OutgoingClient
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.setting_values import read_ports
from app.settings import Settings
from domain.gateway.connectors.pull_ports import ConnectorPages
from domain.gateway.exports.event_export_runs import EventFiles
from domain.gateway.import_runs import ImportRows
from domain.gateway.replay_jobs.replay_runs import ReplayedLetters
from domain.kit.bus.bus import Bus
from domain.kit.clock import Clock, SystemClock, TimeOrderedIds
from domain.kit.codec import Codec
from domain.kit.sealed import Opening
from projections.gateway.event_schemas import SchemaReader
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions


def gateway_ports(settings: Settings, writes: WriteSide, rows: PostgresRows) -> tuple[object, ...]:
    """The intake of events, the replay of what it rejected, the door for callbacks, files, and turns."""
    admission, checks = SourceAdmission(rows), SchemaChecks(SchemaReader(rows))
    files = files_of(settings, writes.ring)
    intake = _intake(settings, writes.bus, writes.codec, admission, checks, writes.ring)
    outgoing = OutgoingClient(ports=read_ports(settings.outgoing_ports), loopback=settings.outgoing_loopback)
    callbacks = CallbackDoor(
        intake,
        rows,
        SealedWebhookSecrets(settings.derive("webhook secrets")),
        SigningCertificates(outgoing, known_authorities),
        outgoing,
        writes.bus,
        writes.codec,
        SystemClock(),
        environment=settings.environment,
    )
    return (
        intake,
        DeadLetterReplay(intake, rows, writes.ring, writes.bus),
        callbacks,
        files,
        FileDesk(files, admission, checks),
        InstalledFormats(),
        links_of(settings),
        LockedTurns(writes.database),
    )


def worker_checks(rows: PostgresRows | None) -> SchemaChecks | None:
    """The checks of all that takes events in in a worker: what is compiled for one of them is there for all."""
    return None if rows is None else SchemaChecks(SchemaReader(rows))


def import_rows(
    settings: Settings,
    *,
    bus: Bus,
    codec: Codec,
    opening: Opening,
    rows: PostgresRows | None,
    checks: SchemaChecks | None,
) -> ImportRows:
    """What takes in the rows of files in a worker; none where it reads no views, or has no keys."""
    if rows is None or checks is None or not isinstance(opening, KeyRing):
        return NoRows()
    intake = _intake(settings, bus, codec, SourceAdmission(rows), checks, opening)
    return FileIntake(files_of(settings, opening), intake, bus.log)


def job_letters(
    settings: Settings,
    *,
    bus: Bus,
    codec: Codec,
    opening: Opening,
    rows: PostgresRows | None,
    checks: SchemaChecks | None,
    positions: Positions | None,
) -> ReplayedLetters:
    """What replays dead letters in a worker; none where it reads no views, or has no keys."""
    if rows is None or checks is None or positions is None or not isinstance(opening, KeyRing):
        return NoLetters()
    intake = _intake(settings, bus, codec, SourceAdmission(rows), checks, opening)
    return JobLetters(DeadLetterReplay(intake, rows, opening, bus), rows, bus.log, positions)


def event_files(
    settings: Settings, *, opening: Opening, rows: PostgresRows | None, positions: Positions | None
) -> EventFiles:
    """What writes events into files in a worker; none where it reads no views, or has no keys."""
    if rows is None or positions is None or not isinstance(opening, KeyRing):
        return NoEventFiles()
    return StoredEventFiles(
        files_of(settings, opening),
        rows,
        positions,
        opening,
        masking=settings.masks,
        most=settings.max_file_bytes,
        in_all=settings.max_files_bytes,
    )


def connector_pages(
    settings: Settings,
    *,
    bus: Bus,
    codec: Codec,
    opening: Opening,
    rows: PostgresRows | None,
    checks: SchemaChecks | None,
    clock: Clock,
) -> ConnectorPages:
    """What pulls pages in a worker; none where it reads no views, or has no keys."""
    if rows is None or checks is None or not isinstance(opening, KeyRing):
        return NoPages()
    outgoing = partial(
        OutgoingClient, ports=read_ports(settings.outgoing_ports), loopback=settings.outgoing_loopback
    )
    secrets = SealedWebhookSecrets(settings.derive("webhook secrets"))
    tools = ToolPages(outgoing(most=tool_pages.LARGEST + 1, silence=tool_pages.SECONDS), secrets, clock)
    pages = HttpPages(outgoing(most=http_pages.LARGEST + 1), secrets, clock, tools)
    intake = _intake(settings, bus, codec, SourceAdmission(rows), checks, opening)
    return PulledIntake(
        pages,
        PulledItems(codec),
        files_of(settings, opening),
        intake,
        bus.log,
        most_files=settings.max_files_bytes,
    )


def _intake(
    settings: Settings,
    bus: Bus,
    codec: Codec,
    admission: SourceAdmission,
    checks: SchemaChecks,
    opening: Opening,
) -> Ingestion:
    return Ingestion(
        bus,
        codec,
        admission,
        checks,
        opening,
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        rate=settings.ingest_events_per_second,
    )
