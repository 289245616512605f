"""Replays of dead letters: their events go through the door again, and what is accepted closes its letter."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from app.gateway.callbacks.events import TYPE as CALLBACK
from app.gateway.cloud_bodies import RULE as CLOUD_RULE
from app.gateway.cloud_bodies import read_cloud_text
from app.gateway.ingestion import Ingestion
from app.gateway.letters.closings import closings, refused
from app.gateway.letters.letter_batches import batches_of
from app.gateway.letters.origins import LetterOrigin, origins
from app.gateway.worker_intake import admitted
from app.imports.faults import LATER
from domain.gateway.bodies import read_line
from domain.gateway.callbacks.providers import TELL_OF_PAYMENTS
from domain.gateway.letters import PAYMENT, CloseDeadLetter, LetterStatus
from domain.gateway.outcomes import (
    CLOSED,
    ROW,
    TEST_MODE,
    EventAnswer,
    EventForm,
    EventStatus,
    EventViolation,
    ReceivedEvent,
    ReplayedLetter,
)
from domain.gateway.payment_letters import read_payment_letter, require_replays
from domain.gateway.replays import (
    MOST_REPLAYS,
    CallbackNotReplayed,
    ChosenLetters,
    LetterIsErased,
    LetterReplay,
    LetterReplays,
    LetterWasCut,
)
from domain.gateway.sources import SourceInactive
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt
from domain.kit.refusals import CommandIdReused, Invalid, NotFound, Refusal, ViolationCode
from domain.kit.sealed import ERASED, Opening
from projections.gateway.events import DeadLetterRow, DeadLetters
from projections.gateway.sources import Sources
from projections.kit.read.allowance import nothing_kept
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.keyset import Order, RowPlace
from projections.kit.read.postgres_reader import PostgresRows

_READ = 50
"""Letters that are in memory at once, where a character may take four bytes."""
_SECONDS = 20.0
"""After which no more are begun in one request; what is left is told by the numbers."""


class DeadLetterReplay(LetterReplay):
    """Replays the dead letters of one database."""

    def __init__(self, intake: Ingestion, rows: PostgresRows, opening: Opening, bus: Bus) -> None:
        self._intake, self._rows, self._opening, self._bus = intake, rows, opening, bus

    async def replay(self, by: Caller, letter_id: UUID, text: str | None = None) -> EventAnswer:
        letter = (await self._rows.get(DeadLetters, by.tenant_id, [(letter_id,)])).get((letter_id,))
        if letter is None or letter.status is LetterStatus.DISCARDED:
            raise refused(None)
        if await self._callbacks(by.tenant_id, [letter]):
            raise CallbackNotReplayed(field="id")
        try:
            if letter.rule == PAYMENT:
                require_replays(by)
                answer = await self._told_again(by, letter, await self._kept(by, letter), text)
            else:
                sent = await self._kept(by, letter) if text is None else text
                (answer,) = await self._sent(by, [(letter, sent)], edited=text is not None)
        except (LetterWasCut, LetterIsErased):
            if letter_id in (closed := await closings(self._bus.log, by.tenant_id, [letter_id])):
                raise refused(closed[letter_id]) from None
            raise
        if answer.violations == (CLOSED,):
            raise refused((await closings(self._bus.log, by.tenant_id, [letter_id])).get(letter_id))
        return answer

    async def _kept(self, by: Caller, letter: DeadLetterRow) -> str:
        """The event as it was sent. Raises LetterWasCut or LetterIsErased."""
        if _needs_correction(letter):
            raise LetterWasCut(field="id")
        (text,) = await self._opening.open(by.tenant_id, [letter.raw])
        if text == ERASED:
            raise LetterIsErased(field="id")
        return text

    async def count(self, by: Caller, chosen: ChosenLetters) -> int:
        return await self._rows.count(DeadLetters, by.tenant_id, meant(chosen))

    async def replay_all(self, by: Caller, chosen: ChosenLetters) -> LetterReplays:
        matched = await self.count(by, chosen)
        begun, replayed, rejected = time.monotonic(), 0, 0
        left, place = min(matched, MOST_REPLAYS), None
        while left:
            # Their texts together may be more than a request may read at once.
            with nothing_kept():
                page = await self._rows.page(
                    DeadLetters,
                    by.tenant_id,
                    where=meant(chosen),
                    order=Order("received_at"),
                    limit=min(left, _READ),
                    after=place,
                )
                for letters in batches_of(page.rows):
                    if time.monotonic() - begun > _SECONDS:
                        return LetterReplays(matched, replayed, rejected)
                    done, refused_again = await self._replayed(by, letters)
                    replayed, rejected = replayed + done, rejected + refused_again
            if not page.more_after:
                break
            left -= len(page.rows)
            place = RowPlace(page.rows[-1].received_at, (page.rows[-1].id,))
        return LetterReplays(matched, replayed, rejected)

    async def _replayed(self, by: Caller, letters: Sequence[DeadLetterRow]) -> tuple[int, int]:
        """How many letters of one source and sort were let in, and how many not; others were closed meanwhile."""
        readable = await self._readable(by, letters)
        left = {letter.id for letter in letters} - {letter.id for letter, _ in readable}
        answers = await self._sent(by, readable, edited=False)
        replayed = sum(answer.status is not EventStatus.REJECTED for answer in answers)
        meanwhile = sum(answer.violations == (CLOSED,) for answer in answers)
        unread = left - (await closings(self._bus.log, by.tenant_id, left)).keys()
        return replayed, len(answers) - replayed - meanwhile + len(unread)

    async def of_job(self, by: Caller, letters: Sequence[DeadLetterRow], job: UUID) -> None:
        """Replay open letters for a job, as fast as their sources may send; what closes one says so. Those of a
        source that takes nothing stay open. Raises the other refusals of the intake."""
        for batch in batches_of(letters):
            readable = await self._readable(by, batch)
            try:
                await self._sent(by, readable, edited=False, job=job)
            except (NotFound, SourceInactive):
                continue

    async def _readable(
        self, by: Caller, letters: Sequence[DeadLetterRow]
    ) -> list[tuple[DeadLetterRow, str]]:
        """The letters that may be replayed as they are, each with its text."""
        callbacks = await self._callbacks(by.tenant_id, letters)
        texts = await self._opening.open(by.tenant_id, [letter.raw for letter in letters])
        return [
            (letter, text)
            for letter, text in zip(letters, texts, strict=True)
            if text != ERASED and not _needs_correction(letter) and letter.id not in callbacks
        ]

    async def _callbacks(self, tenant_id: UUID, letters: Sequence[DeadLetterRow]) -> set[UUID]:
        """Those of callbacks that may tell of a payment. What is kept of one has no signature: let in, it would
        tell of none, and stand in the way of what the provider sends again."""
        ids = {letter.source_id for letter in letters if letter.event_type == CALLBACK}
        sources = await self._rows.get(Sources, tenant_id, [(id,) for id in ids]) if ids else {}
        telling = {row.id for row in sources.values() if row.provider in TELL_OF_PAYMENTS}
        return {
            letter.id
            for letter in letters
            if letter.rule == TEST_MODE or (letter.event_type == CALLBACK and letter.source_id in telling)
        }

    async def _sent(
        self,
        by: Caller,
        letters: Sequence[tuple[DeadLetterRow, str]],
        *,
        edited: bool,
        job: UUID | None = None,
    ) -> list[EventAnswer]:
        """The answers to the texts of letters that are of one source and sort. Those of events that are in the log
        now are closed. A job waits until there is room for them."""
        if not letters:
            return []
        source_id = letters[0][0].source_id
        if letters[0][0].rule == PAYMENT:
            return [await self._told_again(by, letter, text, job=job) for letter, text in letters]

        origin_of = await origins(self._bus.log, by.tenant_id, [letter.id for letter, _ in letters])

        def read() -> list[ReceivedEvent]:
            return [
                _event(letter, text, ReplayedLetter(letter.id, edited, job), origin_of[letter.id])
                for letter, text in letters
            ]

        # Others have their turn.
        events = await asyncio.to_thread(read)
        await (self._intake.admit(by, source_id) if job is None else admitted(self._intake, by, source_id))
        answers = await self._intake.take(by, source_id, events)
        doubtful = [
            letter.id
            for (letter, _), answer in zip(letters, answers, strict=True)
            if answer.status is not EventStatus.ACCEPTED
        ]
        closed = await closings(self._bus.log, by.tenant_id, doubtful)
        for place, (event, answer) in enumerate(zip(events, answers, strict=True)):
            id = letters[place][0].id
            if answer.status is EventStatus.DUPLICATE and id not in closed:
                closed |= await self._close(by, event, answer)
            if id in closed and not (
                answer.status is EventStatus.DUPLICATE and closed[id] == answer.position
            ):
                answers[place] = _meanwhile(answer)
        return answers

    async def _told_again(
        self,
        by: Caller,
        letter: DeadLetterRow,
        kept: str,
        corrected: str | None = None,
        job: UUID | None = None,
    ) -> EventAnswer:
        """The answer to a payment that is to be recorded again: what comes of that is another letter, or none.
        Raises what may be let in later."""
        outcome: AppendReceipt | Refusal
        again = hashlib.sha256((corrected or kept).encode(errors="surrogatepass")).hexdigest()
        try:
            command = read_payment_letter(kept, letter.source_id, letter.id, corrected)
            outcome = await self._bus.send(
                command,
                by=by,
                command_id=uuid5(letter.id, f"{by.user_id} {again}"),
                metadata=ReplayedLetter(letter.id, command.edited, job).origin,
            )
        except Invalid as invalid:
            outcome = invalid
        if isinstance(outcome, LATER):
            raise outcome
        if isinstance(outcome, AppendReceipt):
            status = EventStatus.DUPLICATE if outcome.repeated else EventStatus.ACCEPTED
            return EventAnswer(status=status, position=outcome.first)
        if isinstance(outcome, NotFound) and outcome.field == "id":
            return EventAnswer(status=EventStatus.REJECTED, violations=(CLOSED,))
        if letter.id in await closings(self._bus.log, by.tenant_id, [letter.id]):
            return EventAnswer(status=EventStatus.REJECTED, violations=(CLOSED,))
        fault = EventViolation(PAYMENT, ViolationCode.UNSUITABLE, (outcome.field or "",), outcome.message)
        return EventAnswer(status=EventStatus.REJECTED, violations=(fault,))

    async def _close(self, by: Caller, event: ReceivedEvent, answer: EventAnswer) -> dict[UUID, int | None]:
        """Close a letter whose event was in the log before; what it became, if somebody else has closed it."""
        assert answer.position is not None
        letter = event.letter
        assert letter is not None
        command = CloseDeadLetter(id=letter.id, position=answer.position, edited=letter.edited)
        command_id = uuid5(letter.id, f"close {answer.position}")
        closed = await self._bus.send(command, by=by, command_id=command_id, metadata=letter.origin)
        if isinstance(closed, NotFound | CommandIdReused):
            return await closings(self._bus.log, by.tenant_id, [letter.id])
        if isinstance(closed, Refusal):
            raise closed
        return {}


def _meanwhile(answer: EventAnswer) -> EventAnswer:
    """The answer to a replay of a letter that was closed, by another event or none."""
    return EventAnswer(status=EventStatus.REJECTED, event_id=answer.event_id, violations=(CLOSED,))


def _event(letter: DeadLetterRow, text: str, replayed: ReplayedLetter, origin: LetterOrigin) -> ReceivedEvent:
    """The event of a letter, read as it was when it came in."""
    # Letters of an earlier version do not say how they are written.
    if letter.form is EventForm.CLOUD_EVENT or letter.rule == CLOUD_RULE:
        event = read_cloud_text(text, letter.received_at)
    else:
        event = read_line(text.encode(errors="replace"))
    return replace(event, letter=replayed, pull=origin.pull, after=origin.after)


def _needs_correction(letter: DeadLetterRow) -> bool:
    """Whether a letter may not be replayed as it is: it is not all that was sent, or a row that its import could
    not make an event of, whose text may look like one."""
    return letter.cut or letter.rule == ROW


def meant(chosen: ChosenLetters, status: LetterStatus = LetterStatus.OPEN) -> list[Condition]:
    """Conditions on letters that are chosen and stand so."""
    where = equals("status", status)
    for column, value in (
        ("source_id", chosen.source_id),
        ("rule", chosen.rule),
        ("event_type", chosen.event_type),
    ):
        if value is not None:
            where += equals(column, value)
    return where
