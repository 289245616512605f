"""What the demo leaves out: something of each kind that a view shows, by the real commands."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.demo.story import Company
from app.gateway.admission import KnownSource, SourceAdmission
from app.gateway.ingestion import Ingestion
from domain.gateway.admission.source_keys import IssueSourceKey
from domain.gateway.bodies import read_value
from domain.gateway.checks import EventChecks
from domain.gateway.connectors.connector_commands import (
    ChangeConnector,
    NotePage,
    NotePullEnd,
    NotePullFailure,
    NotePullTry,
    RegisterConnector,
    ResumeConnector,
    RunConnector,
    StopConnector,
)
from domain.gateway.connectors.terms import SyncMode
from domain.gateway.connectors.tool_commands import RegisterToolConnector
from domain.gateway.connectors.tools import ConnectorTool
from domain.gateway.envelope import IncomingEvent
from domain.gateway.event_schemas import RegisterSchema
from domain.gateway.exports.event_exports import (
    ExportFormat,
    FailEventExport,
    FinishEventExport,
    PauseEventExport,
    ResumeEventExport,
    StartEventExport,
)
from domain.gateway.imports import FinishImport, NoteImportProgress, StartImport
from domain.gateway.outcomes import EventStatus, EventViolation
from domain.gateway.replay_jobs.replay_jobs import FinishReplayJob, NoteReplayProgress, StartReplayJob
from domain.gateway.schemas.searchable import Searchable
from domain.gateway.sources import RegisterSource, SourceKind
from domain.gateway.tools.destinations import as_sealed
from domain.gateway.webhook_commands import RegisterWebhook
from domain.governance.consents import GiveConsent, RefuseConsent, consent_id
from domain.governance.erasures import RequestErasure, erasure_id
from domain.governance.exports import RequestExport
from domain.identity.account_commands import OpenAccount
from domain.identity.api_keys import CreateApiKey, NoteApiKeyUse
from domain.identity.invitations import InviteUser
from domain.identity.password_resets import RequestPasswordReset
from domain.identity.roles import CreateRole
from domain.identity.sessions import EndSession, StartSession
from domain.identity.user_commands import GrantRole
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.imports.file_forms import FileFormat
from domain.kit.log import AppendReceipt, Log
from domain.kit.permissions import ROLES
from domain.kit.sealed import PlainOpening
from domain.work.notifications import Channel, NotificationKind, NotifyUser
from projections.gateway.sources import SourceRow
from tests.campaigns.histories import of_campaigns
from tests.gateway.sending import event
from tests.marketing.histories import of_marketing
from tests.rebuild.detection import of_detection

HASH = "0123456789abcdef" * 4


async def tell(log: Log, company: Company) -> None:
    """Have it happen in a company of the demo, whose people are there."""
    bus = Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds())
    by = Caller(tenant_id=company.id, user_id=company.person(0), permissions=ROLES["owner"])
    for command in (
        *_of_accounts(),
        *_of_people(company.person(1)),
        *_of_data(company),
        *of_detection(),
        *of_campaigns(),
        *of_marketing(),
    ):
        outcome = await bus.send(command, by=by)
        assert isinstance(outcome, AppendReceipt), (command, outcome)
    await _of_outside(log, bus, by)


class _NoSchemas(EventChecks):
    """Checks the events of a company without schemas."""

    async def ready(self, tenant_id: UUID, types: Collection[str]) -> None:
        """Nothing is needed."""

    def known_as(self, tenant_id: UUID, name: str) -> str:
        return name

    def newest(self, tenant_id: UUID, type: str) -> int | None:
        return None

    def check(self, tenant_id: UUID, event: IncomingEvent) -> list[EventViolation]:
        return []

    def declared(self, tenant_id: UUID, event: IncomingEvent) -> tuple[int, int]:
        return 0, 0

    def searchable(self, tenant_id: UUID, event: IncomingEvent) -> Searchable:
        return {"channel": "web", "payload.totalAmount": 12.5}


_KEY = uuid4()


class _AnySource(SourceAdmission):
    """Takes the events of a source that no table holds yet."""

    async def source(self, by: Caller, source_id: UUID | None) -> KnownSource:
        assert source_id is not None
        row = SourceRow(
            id=source_id,
            name="Shop",
            kind=SourceKind.APPLICATION,
            environment="production",
            region="local",
            created_at=datetime.now(UTC),
            updated_at=datetime.now(UTC),
            version=1,
        )
        return KnownSource(row, (), _KEY)


async def _of_outside(log: Log, bus: Bus, by: Caller) -> None:
    """A source with a key, an event of it, one that is rejected, and a schema."""
    source = uuid4()
    for command in (
        RegisterSource(id=source, name="Shop"),
        IssueSourceKey(id=source, key_id=_KEY, name="first", secret_hash=HASH),
        RegisterSchema(id=uuid4(), event_type="order.created", schema={"type": "object"}),
        StartImport(
            id=(imported := uuid4()),
            source_id=source,
            file_id=uuid4(),
            file_name="orders.ndjson",
            file_size=9,
            format=FileFormat.NDJSON,
        ),
        NoteImportProgress(id=imported, done=9, rows=3, accepted=1, duplicates=1, rejected=1),
        FinishImport(id=imported),
        StartReplayJob(id=(replays := uuid4()), source_id=source, rule="scope", matched=2),
        NoteReplayProgress(id=replays, replayed=1, rejected=1),
        FinishReplayJob(id=replays),
        StartEventExport(
            id=(exported := uuid4()),
            source_id=source,
            since=datetime(2026, 1, 1, tzinfo=UTC),
            format=ExportFormat.CSV,
        ),
        PauseEventExport(id=exported),
        ResumeEventExport(id=exported),
        FinishEventExport(id=exported, file_id=uuid4(), rows=1, file_size=9, withheld=False),
        FailEventExport(id=exported, error="files_full"),
        *_pulled(source, uuid4()),
    ):
        outcome = await bus.send(command, by=by)
        assert isinstance(outcome, AppendReceipt), (command, outcome)
    nowhere: Any = None
    intake = Ingestion(
        bus,
        PlainCodec(),
        _AnySource(nowhere),
        _NoSchemas(),
        PlainOpening(),
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        rate=1_000,
    )
    answers = await intake.take(by, source, [read_value(event(userId="u-1")), read_value(event(eventId="x"))])
    assert [answer.status for answer in answers] == [EventStatus.ACCEPTED, EventStatus.REJECTED]


def _of_accounts() -> Sequence[Command]:
    person, lasting, ended = uuid4(), uuid4(), uuid4()
    return (
        OpenAccount(id=person, email="somebody@example.com", first_name="Some", last_name="Body"),
        *(_session(id, person) for id in (lasting, ended)),
        EndSession(id=ended),
        RequestPasswordReset(id=uuid4(), account_id=person, token_hash=HASH),
    )


def _pulled(source: UUID, connector: UUID) -> Sequence[Command]:
    """What a connector has pulled, and why it stopped; and one that knows a tool."""
    of_tool = RegisterToolConnector(
        id=uuid4(),
        name="Contacts of a tool",
        source_id=source,
        tool=ConnectorTool.HUBSPOT,
        credentials=as_sealed(HASH),
        credential_names=("accessToken",),
        settings=("since=2026-01-01",),
    )
    register = RegisterConnector(
        id=connector,
        name="Contacts",
        source_id=source,
        url="https://crm.example.com/contacts",
        mode=SyncMode.INCREMENTAL,
        event_type="contact.changed",
        time_path="changed",
        cursor_path="next",
        parameter="cursor",
        header=HASH,
    )
    return (
        register,
        RunConnector(id=connector),
        NotePage(id=connector, round=0, cursor="2", accepted=2, duplicates=1, rejected=0),
        NotePullEnd(id=connector, next_at=None),
        NotePullTry(id=connector, error="http_500"),
        NotePullFailure(id=connector, error="http_500", next_at=None),
        ChangeConnector(id=connector, name="People"),
        StopConnector(id=connector, error="http_401"),
        ResumeConnector(id=connector),
        of_tool,
    )


def _of_people(person: UUID) -> Sequence[Command]:
    role, key, tomorrow = uuid4(), uuid4(), datetime.now(UTC) + timedelta(days=1)
    permissions = ("work:read",)
    called = "https://shop.example.com/hook"
    return (
        RegisterWebhook(id=uuid4(), name="Shop", url=called, types=("work.task.created",), secret=HASH),
        CreateRole(id=role, name="Reader", permissions=permissions),
        GrantRole(id=person, role_id=role),
        InviteUser(id=uuid4(), email="new@example.com", token_hash=HASH),
        CreateApiKey(id=key, name="reports", permissions=permissions, expires_at=tomorrow, secret_hash=HASH),
        NoteApiKeyUse(id=uuid4(), api_key_id=key),
    )


def _of_data(company: Company) -> Sequence[Command]:
    person = company.person(2)
    return (
        NotifyUser(
            id=uuid4(),
            user_id=person,
            kind=NotificationKind.ASSIGNED,
            task_id=uuid4(),
            channels=(Channel.IN_APP,),
        ),
        GiveConsent(id=consent_id(person, "marketing"), subject_id=person, purpose="marketing"),
        RefuseConsent(id=consent_id(person, "crm"), subject_id=person, purpose="crm"),
        RequestExport(id=uuid4(), subject_id=person),
        RequestErasure(id=erasure_id(person), subject_id=person),
    )


def _session(id: UUID, person: UUID) -> StartSession:
    return StartSession(
        id=id, user_id=person, tenant_id=None, token_hash=HASH, refresh_hash=HASH, method="password"
    )
