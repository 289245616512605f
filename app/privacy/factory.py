"""Privacy: how people get what is kept about them, and how they are forgotten, in every store there is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from app.composition.write_side import WriteSide
from app.contexts import SUBJECTS, VIEWS, VISIBILITY
from app.keys import KeyRing
from app.privacy.belongings import Belongings
from app.privacy.consents import LoggedConsents
from app.privacy.erasure import ForgettingEverywhere, Whereabouts, another_owner
from app.privacy.export.file_keys import SealedFileKeys
from app.privacy.export.files import ExportFiles
from app.privacy.export.sections import PARTS
from app.privacy.platform import Platform, platform_of, search_of, servers
from app.privacy.platform_commands import PlatformCommands
from app.privacy.wait_for_views import ViewSettling
from app.settings import Settings
from app.storage.database import Database
from domain.governance.erasures import AccountHasTenants, TenantNeedsAnOwner
from domain.identity.authorization import BaseRole, is_own, require_role
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.clock import Clock, SystemClock
from domain.kit.codec import Codec
from domain.kit.privacy.subjects import SubjectKind
from domain.kit.process.process import Process
from domain.kit.refusals import Refusal
from domain.processes.anonymisation import Anonymising
from domain.processes.departures import departures
from domain.processes.erasure import PersonErasure
from domain.processes.export import PersonExport
from projections.governance.privacy import Privacy
from projections.identity.auth_accounts import Accounts
from projections.identity.memberships import Memberships
from projections.kit.context.subject import PrivacyDatabase
from projections.kit.declare.search import SearchView
from projections.kit.read.live_generations import LiveGenerations, pointers
from projections.kit.read.postgres_reader import PostgresRows

__all__ = [
    "Platform",
    "desk",
    "export_files",
    "platform_of",
    "privacy_ports",
    "privacy_processes",
    "search_of",
]


def desk(bus: Bus, rows: PostgresRows, database: Database, keys: KeyRing) -> Privacy:
    """What the API and the command line ask."""
    people = Belongings(database.writer, keys, SUBJECTS)
    return Privacy(bus, rows, partial(_may_go, rows), people)


def privacy_ports(settings: Settings, writes: WriteSide, rows: PostgresRows) -> tuple[object, ...]:
    """What the API of privacy asks, in one database."""
    return (
        LoggedConsents(Repository(writes.log, writes.codec)),
        desk(writes.bus, rows, writes.database, writes.ring),
        export_files(settings, writes.ring, rows, writes.database),
    )


def export_files(
    settings: Settings,
    keys: KeyRing,
    rows: PostgresRows,
    database: Database,
    *,
    platform: Platform | None = None,
    clock: Clock | None = None,
    kinds: Sequence[SubjectKind] = SUBJECTS,
) -> ExportFiles:
    """The folder of exports. ``platform`` is given where the database is a silo's."""
    here = PrivacyDatabase(rows=rows, pool=database.writer, opening=keys)
    return ExportFiles(
        settings.data_dir / "exports",
        keys=SealedFileKeys(keys),
        here=here,
        accounts=here if platform is None else platform.store,
        belongings=Belongings(database.writer, keys, kinds),
        parts=PARTS,
        sight=VISIBILITY.rule_of_single(rows.reader, rows.live).of,
        clock=clock or SystemClock(),
    )


@asynccontextmanager
async def privacy_processes(
    settings: Settings,
    *,
    database: Database,
    bus: Bus,
    codec: Codec,
    keys: KeyRing,
    live: LiveGenerations | None = None,
    platform: Platform | None = None,
    clock: Clock | None = None,
    kinds: Sequence[SubjectKind] = SUBJECTS,
) -> AsyncIterator[list[Process[Any]]]:
    """The processes of privacy for one database, with connections to all of its stores.

    ``platform`` is given where the database is a silo's.
    """
    async with AsyncExitStack() as stack:
        redis, client = await servers(settings, stack)
        if live is None:
            live = await stack.enter_async_context(pointers(database.writer, VIEWS))
        rows = PostgresRows(database, live)
        here = Whereabouts(search_of(settings, database, keys, redis, client), keys)
        store = PrivacyDatabase(rows=rows, pool=database.writer, opening=keys)
        place = platform or Platform(bus=bus, codec=codec, rows=rows, whereabouts=here, store=store)
        folded = [view for view in VIEWS if client is not None or not issubclass(view, SearchView)]
        access = PlatformCommands(place.bus, place.codec, place.rows)
        forgetting = ForgettingEverywhere(
            access=access,
            rows=rows,
            belongings=Belongings(database.writer, keys, kinds),
            settling=ViewSettling(database.writer, folded),
            here=here,
            platform=place.whereabouts,
        )
        yield [
            PersonErasure(forgetting, kinds),
            departures(kinds),
            PersonExport(
                export_files(settings, keys, rows, database, platform=platform, clock=clock, kinds=kinds)
            ),
            Anonymising(access),
        ]


async def _may_go(rows: PostgresRows, by: Caller, subject_id: UUID) -> Refusal | None:
    """Why the person cannot be forgotten: they may do more than who asks, the tenant has no other owner, or the
    account is still needed."""
    tenant_id = by.tenant_id
    if tenant_id == ACCOUNTS:
        account = (await rows.get(Accounts, ACCOUNTS, [(subject_id,)])).get((subject_id,))
        return AccountHasTenants(field="subject_id") if account is not None and account.tenants else None
    row = (await rows.get(Memberships, tenant_id, [(subject_id,)])).get((subject_id,))
    if row is None:
        return None
    if not is_own(by, subject_id):
        try:
            require_role(by, row.role, field="subject_id")
        except Refusal as refusal:
            return refusal
    if row.role != BaseRole.OWNER or await another_owner(rows, tenant_id, subject_id) is not None:
        return None
    return TenantNeedsAnOwner(field="subject_id")
