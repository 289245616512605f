"""Records the rows of reports: a thousand at a time, read in a thread."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid5

from app.imports.faults import fault_of
from app.imports.file_rows import BlankStretch, FilePlace, FileRow, FileUnreadable
from app.imports.opened_files import files_reached, opened
from app.imports.rows import columns, rows
from app.marketing.report_rows import ReportReader, ReportRow, unlikely
from domain.kit.bus.bus import Bus
from domain.kit.bus.checks import violations
from domain.kit.caller import Caller
from domain.kit.process.effects import EffectRefused
from domain.kit.process.files import FileDamaged, FileStore, OpenFile
from domain.kit.process.jobs import Part
from domain.kit.refusals import Invalid, Refusal, Violation
from domain.marketing.access import WRITE
from domain.marketing.accounts import MarketingAccount
from domain.marketing.campaigns import TOGETHER, CampaignMonth, DaySource, RecordMarketingFigures
from domain.marketing.figures import CampaignFigures, DayFigures, campaign_id, checked, month_id
from domain.marketing.import_runs import COUNTS, ReportRows, ReportTerms
from domain.marketing.imports import MOST_REFUSED, FigureMember, NoteRefusedRows, RefusedRow

_LARGEST = 1024 * 1024
"""Characters of a part: as values they take fifty times as much."""


@dataclass(slots=True)
class _Read:
    """What is read of a part."""

    rows: list[ReportRow]
    totals: int
    after: FilePlace
    over: bool


@dataclass(slots=True)
class _Sorted:
    """What becomes of the rows of a part."""

    new: list[tuple[CampaignFigures, int]] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    taken: int = 0
    repeated: int = 0
    warned: int = 0


class ReportIntake(ReportRows):
    """The rows of the reports of one database's tenants."""

    def __init__(self, files: FileStore, bus: Bus) -> None:
        self._files, self._bus = files, bus

    async def take(self, tenant_id: UUID, terms: ReportTerms, progress: Mapping[str, int]) -> Part:
        account = (await self._bus.standing(tenant_id, [terms.account_id])).get(terms.account_id)
        if not isinstance(account, MarketingAccount):
            raise EffectRefused("account_gone")
        file = await opened(self._files, tenant_id, terms.file_id)
        reader = ReportReader(terms, account.currency)
        place = FilePlace(progress.get("offset", 0), progress.get("line", 0), progress.get("place", 0))
        try:
            with files_reached():
                read = await asyncio.to_thread(_read_part, file, terms, reader, place)
        except FileUnreadable:
            raise EffectRefused("file_unreadable") from None
        found = await self._sorted(tenant_id, terms, account, reader, read.rows)
        refused = progress.get("refused", 0) + len(found.refused)
        if refused > MOST_REFUSED:
            raise EffectRefused("too_many_refused")
        by = Caller(tenant_id=tenant_id, user_id=terms.started_by, permissions=frozenset({WRITE}))
        if found.new:
            figures, numbers = zip(*found.new, strict=True)
            command = RecordMarketingFigures(
                id=terms.account_id,
                figures=figures,
                import_id=terms.import_id,
                rows=numbers,
                file_id=terms.file_id,
            )
            _require(await self._bus.send(command, by=by))
        if found.refused:
            noted = NoteRefusedRows(id=terms.import_id, refused=tuple(found.refused))
            once = uuid5(terms.import_id, f"refused after {place.row}")
            _require(await self._bus.send(noted, by=by, command_id=once))
        counts = {
            name: progress.get(name, 0) + getattr(found, name) for name in ("taken", "repeated", "warned")
        }
        done = file.stored.size if read.over else min(read.after.offset, file.stored.size)
        reached = {
            "done": done,
            "rows": progress.get("rows", 0) + len(read.rows),
            "refused": refused,
            "totals": progress.get("totals", 0) + read.totals,
            **counts,
        }
        assert reached.keys() == {*COUNTS}
        place = read.after
        return Part(
            {**reached, "offset": place.offset, "line": place.line, "place": place.row}, over=read.over
        )

    async def _sorted(
        self,
        tenant_id: UUID,
        terms: ReportTerms,
        account: MarketingAccount,
        reader: ReportReader,
        read: Sequence[ReportRow],
    ) -> _Sorted:
        found, sound = _Sorted(), list[tuple[ReportRow, CampaignFigures, DayFigures, UUID]]()
        for each in read:
            if each.figures is None:
                found.refused.append(reader.refused(each.row, *each.fault))
            elif isinstance(day := self._checked(each.figures, account), Violation):
                member = next((each for each in FigureMember if each.value == day.path[0]), None)
                found.refused.append(reader.refused(each.row, member, day.message))
            else:
                month = month_id(campaign_id(account.id, each.figures.campaign), each.figures.date)
                sound.append((each, each.figures, day, month))
        months = await self._bus.standing(tenant_id, list({month for *_, month in sound}))
        said: dict[tuple[UUID, date], int] = {}
        for each, figures, day, month in sound:
            known = months.get(month)
            source = known.sources.get(day.date) if isinstance(known, CampaignMonth) else None
            same = isinstance(known, CampaignMonth) and known.days.get(day.date) == day
            before = said.setdefault((month, day.date), each.row.number)
            if before == each.row.number and source is not None and source.file_id == terms.file_id:
                before = source.row
            if before != each.row.number:
                reason = f"The campaign has figures of this day in row {before} already."
                found.refused.append(reader.refused(each.row, FigureMember.DATE, reason))
            elif same and not _of_this(source, terms):
                found.repeated += 1
            else:
                found.taken += 1
                found.warned += unlikely(figures)
                if not same:
                    found.new.append((figures, each.row.number))
        found.refused.sort(key=lambda each: each.number)
        return found

    def _checked(self, figures: CampaignFigures, account: MarketingAccount) -> DayFigures | Violation:
        try:
            if wrong := violations(CampaignFigures, vars(figures)):
                return wrong[0]
            return checked(figures, account, self._bus.now())
        except Invalid as invalid:
            return invalid.violations[0]


class NoReports(ReportRows):
    """Where no files can be read."""

    async def take(self, tenant_id: UUID, terms: ReportTerms, progress: Mapping[str, int]) -> Part:
        raise EffectRefused("unavailable")


def _of_this(source: DaySource | None, terms: ReportTerms) -> bool:
    """Whether a try of this import that was cut off has recorded it."""
    return source is not None and source.file_id == terms.file_id and source.at >= terms.started_at


def _require(outcome: object) -> None:
    if isinstance(outcome, Refusal):
        raise fault_of(outcome)


def _size(row: FileRow) -> int:
    """The characters of a row."""
    return max(len(row.text), sum(len(str(each)) for each in (row.cells or {}).values()))


def _read_part(file: OpenFile, terms: ReportTerms, reader: ReportReader, place: FilePlace) -> _Read:
    """The rows of the next part: those before what cannot be read, if there are any. Raises FileUnreadable."""
    read, size = _Read([], 0, place, over=False), 0
    try:
        with file.reader() as opened_file:
            if not place.row and not reader.known_columns(columns(opened_file, terms.form)):
                raise EffectRefused("column_missing")
        with file.reader() as opened_file:
            for row in rows(opened_file, terms.form, place):
                read.after, size = row.after, size + _size(row)
                if (said := reader.read(row)) is None:
                    read.totals += 1
                else:
                    read.rows.append(said)
                if len(read.rows) + read.totals == TOGETHER or size > _LARGEST:
                    return read
    except BlankStretch as blank:
        read.after = blank.after
        return read
    except (FileUnreadable, FileDamaged):
        if not read.rows:
            raise
        return read
    read.over = True
    return read
