"""Replays the dead letters of jobs: a page of open ones at a time. What has become of each the log says."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.gateway.letters.letter_replay import DeadLetterReplay, meant
from app.imports.faults import fault_of
from domain.gateway.letters import CLOSED_AT, DeadLetter, LetterStatus
from domain.gateway.replay_jobs.replay_runs import ReplayedLetters, ReplayTerms
from domain.gateway.sources import INGEST
from domain.kit.caller import Caller
from domain.kit.log import Log
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.process.jobs import Part
from domain.kit.refusals import Refusal
from projections.gateway.events import DeadLetterRow, DeadLetters
from projections.identity.member_access import standing
from projections.kit.read.conditions import since, until
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows
from projections.kit.read.status import Positions

_TOGETHER = 200
_SECONDS = 30.0
"""How long the view may take to fold what was kept before a job began."""
_WRITE = "gateway:write"
_OLDEST_FIRST = Order("received_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HALF = 1 << 64
_SLACK = timedelta(hours=1)
"""Two machines may differ so much in what time it is."""


class JobLetters(ReplayedLetters):
    """The letters of one database's tenants."""

    def __init__(self, replay: DeadLetterReplay, rows: PostgresRows, log: Log, positions: Positions) -> None:
        self._replay, self._rows, self._log, self._positions = replay, rows, log, positions

    async def take(
        self, tenant_id: UUID, terms: ReplayTerms, progress: Mapping[str, int], *, again: bool
    ) -> Part:
        by = await self._starter(tenant_id, terms)
        place = _place(progress)
        if place is None:
            await self._all_there(tenant_id, terms)
        page = await self._rows.page(
            DeadLetters,
            tenant_id,
            where=[*meant(terms.chosen), *until("received_at", terms.started_at)],
            order=_OLDEST_FIRST,
            limit=_TOGETHER,
            after=place,
        )
        last = page.rows[-1] if page.more_after else None
        looked = {letter.id for letter in page.rows}
        if again:
            looked |= await self._closed_since(tenant_id, terms, place, last)
        try:
            await self._replay.of_job(by, page.rows, terms.job_id)
        except Refusal as refusal:
            raise fault_of(refusal) from None
        replayed, rejected = await self._counted(tenant_id, terms, looked)
        return Part(
            {
                **({} if last is None else _noted(last)),
                "replayed": progress.get("replayed", 0) + replayed,
                "rejected": progress.get("rejected", 0) + rejected,
            },
            over=last is None,
        )

    async def _all_there(self, tenant_id: UUID, terms: ReplayTerms) -> None:
        """Wait for the letters that were kept before the job began. Raises EffectFailed."""
        began, _ = await self._log.position_of(tenant_id, terms.job_id, 1)
        if not await self._positions.wait_for(DeadLetters.name, began, _SECONDS):
            raise EffectFailed("view_behind")

    async def _starter(self, tenant_id: UUID, terms: ReplayTerms) -> Caller:
        """Whoever started it, with what they may do at this moment."""
        found = await standing(self._rows, tenant_id, terms.started_by)
        by = Caller(
            tenant_id=tenant_id,
            user_id=terms.started_by,
            permissions=frozenset() if found is None or not found.lets_in() else found.permissions,
        )
        if not (by.may(_WRITE) and by.may(INGEST)):
            raise EffectRefused("not_permitted")
        return by

    async def _closed_since(
        self, tenant_id: UUID, terms: ReplayTerms, place: RowPlace | None, last: DeadLetterRow | None
    ) -> set[UUID]:
        """The letters between two places that were closed since the job began, by whomever."""
        found, before = set[UUID](), None if last is None else RowPlace(last.received_at, (last.id,))
        chosen = meant(terms.chosen, LetterStatus.REPLAYED)
        while True:
            page = await self._rows.page(
                DeadLetters,
                tenant_id,
                where=[
                    *chosen,
                    *until("received_at", terms.started_at),
                    *since("closed_at", terms.started_at - _SLACK),
                ],
                order=_OLDEST_FIRST,
                limit=_TOGETHER,
                after=place,
                before=before,
            )
            found |= {letter.id for letter in page.rows}
            if not page.more_after or not page.rows:
                return found
            place = RowPlace(page.rows[-1].received_at, (page.rows[-1].id,))

    async def _counted(
        self, tenant_id: UUID, terms: ReplayTerms, letters: Collection[UUID]
    ) -> tuple[int, int]:
        """How many letters the job has closed, and how many are open; what others closed is neither."""
        closings = await self._log.streams(tenant_id, list(letters), after=CLOSED_AT - 1)
        ours = sum(
            each.type == DeadLetter.Replayed.stored_as
            and json.loads(each.metadata).get("replay") == str(terms.job_id)
            for events in closings.values()
            for each in events
        )
        return ours, sum(not closings.get(id) for id in letters)


class NoLetters(ReplayedLetters):
    """Where no letters can be read."""

    async def take(
        self, tenant_id: UUID, terms: ReplayTerms, progress: Mapping[str, int], *, again: bool
    ) -> Part:
        raise EffectRefused("unavailable")


def _noted(letter: DeadLetterRow) -> dict[str, int]:
    """The place of a letter in numbers: the microseconds of its time, and its id in halves, which JSON holds."""
    high, low = divmod(letter.id.int, _HALF)
    at = (letter.received_at - _EPOCH) // timedelta(microseconds=1)
    return {"at": at, "high": high, "low": low}


def _place(progress: Mapping[str, int]) -> RowPlace | None:
    if "at" not in progress:
        return None
    at = _EPOCH + timedelta(microseconds=progress["at"])
    return RowPlace(at, (UUID(int=progress["high"] * _HALF + progress["low"]),))
