"""Imports of reports: how far they are, and the rows that were refused."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import strawberry

from api.gateway.room import job_room
from api.kit.model import Node, Refusal, Resource, Sending, Sent, derived, linked, shows
from api.marketing.accounts import MarketingAccount
from domain.gateway.sources import INGEST
from domain.kit.process.files import FileDamaged, FileStore
from domain.kit.refusals import NotFound
from domain.marketing import imports as domain
from domain.marketing.access import READ, WRITE
from projections.marketing.accounts import MarketingAccounts
from projections.marketing.imports import (
    MarketingImportErrorRow,
    MarketingImportErrors,
    MarketingImportRow,
    MarketingImports,
)


def _quality(row: MarketingImportRow) -> Decimal | None:
    good = Decimal(100 * (row.taken + row.repeated - row.warned))
    return (good / row.rows).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN) if row.rows else None


def _seconds(row: MarketingImportRow) -> float:
    return ((row.ended_at or datetime.now(UTC)) - row.started_at).total_seconds()


@shows(MarketingImportRow, needs=READ, leave_out=("account_id", "file_id"))
class MarketingImport(Node):
    """The rows of a report that become figures of an account: each was taken, was known, or was refused."""

    account = linked(MarketingAccount, MarketingAccounts, "account_id", "The account.")
    quality = derived(
        Decimal | None,
        _quality,
        "How many of the rows were taken or known and are not unlikely, in per cent; null before any is read.",
    )
    seconds = derived(float, _seconds, "How long it took, or has taken so far.")


@shows(MarketingImportErrorRow, needs=READ, leave_out=("account_id", "import_id"))
class MarketingImportError(Node):
    """A row of a report that was refused."""

    heading: str | None
    marketing_import = linked(MarketingImport, MarketingImports, "import_id", "The import.")


_imports = Resource(MarketingImport, MarketingImports, read=READ, write=WRITE)
_imports.filter(also=("account_id",))
_errors = Resource(MarketingImportError, MarketingImportErrors, read=READ, plural="refused rows")
_errors.filter(only=("import_id",))
_room = job_room(MarketingImports, "imports of reports")


async def _start(sending: Sending) -> Sent | Refusal:
    ask = sending.ask
    # Whoever may not import files of the gateway reads none of them by this way either.
    ask.require(INGEST)
    command = await sending.command(domain.StartMarketingImport, file_name="", file_size=0)
    if await sending.was_executed():
        # Its file may be gone by now.
        row = (await ask.services.rows.get(MarketingImports, ask.caller.tenant_id, [(command.id,)])).get(
            (command.id,)
        )
        if row is not None:
            command = replace(command, file_name=row.file_name, file_size=row.file_size)
    else:
        files = ask.port(FileStore)  # type: ignore[type-abstract]
        try:
            file = await files.open(ask.caller.tenant_id, command.file_id)
        except FileDamaged:
            file = None
        if file is None:
            raise NotFound(field="file_id", what="file")
        command = replace(command, file_name=file.stored.name, file_size=file.stored.size)
    return await _room.send(sending, command)


@strawberry.type
class Query:
    marketing_import = _imports.by_id("An import of a report by id.")
    marketing_imports = _imports.list("Imports of reports, by pages.")
    marketing_import_errors = _errors.list(
        "Rows of reports that were refused, by pages.", unwatched="They are told with the import's progress."
    )


@strawberry.type
class Mutation:
    start_marketing_import = _imports.mutation(
        domain.StartMarketingImport, send=_start, leave_out=("file_name", "file_size")
    )
    pause_marketing_import = _imports.mutation(domain.PauseMarketingImport)
    resume_marketing_import = _imports.mutation(
        domain.ResumeMarketingImport, send=_room.sends(domain.ResumeMarketingImport)
    )
    cancel_marketing_import = _imports.mutation(domain.CancelMarketingImport)


@strawberry.type
class Subscription:
    marketing_import_changed = _imports.subscription("Every change of imports, as it happens.")
