"""Replays of dead letters: their events go through the door again, and what is accepted closes its letter."""

import time
from collections.abc import Sequence
from uuid import UUID, uuid5

from app.gateway.ingestion import Ingestion
from domain.gateway.bodies import read_line
from domain.gateway.letters import CloseDeadLetter, LetterStatus
from domain.gateway.outcomes import EventAnswer, EventStatus, EventViolation
from domain.gateway.payment_letters import RULE as PAYMENT
from domain.gateway.payment_letters import read_payment_letter
from domain.gateway.replays import (
    MOST_REPLAYS,
    ChosenLetters,
    LetterIsErased,
    LetterReplay,
    LetterReplays,
    LetterWasCut,
)
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.log import AppendReceipt
from domain.kit.refusals import Invalid, NotFound, Refusal, ViolationCode
from domain.kit.sealed import ERASED, Opening
from projections.gateway.events import DeadLetterRow, DeadLetters
from projections.kit.read.conditions import Condition, equals
from projections.kit.read.keyset import Order
from projections.kit.read.postgres_reader import PostgresRows

_TOGETHER = 100
_SECONDS = 20.0
"""After which no more are begun in one request; what is left is told by the numbers."""


class DeadLetterReplay(LetterReplay):
    """Replays the dead letters of one database."""

    def __init__(self, intake: Ingestion, rows: PostgresRows, opening: Opening, bus: Bus) -> None:
        self._intake, self._rows, self._opening, self._bus = intake, rows, opening, bus

    async def replay(self, by: Caller, letter_id: UUID, text: str | None = None) -> EventAnswer:
        letter = (await self._rows.get(DeadLetters, by.tenant_id, [(letter_id,)])).get((letter_id,))
        if letter is None or letter.status is not LetterStatus.OPEN:
            raise NotFound(field="id", what="dead letter")
        if text is None:
            if letter.cut:
                raise LetterWasCut(field="id")
            (text,) = await self._opening.open(by.tenant_id, [letter.raw])
            if text == ERASED:
                raise LetterIsErased(field="id")
            edited = False
        else:
            edited = True
        (answer,) = await self._sent(by, letter, [text])
        await self._close(by, letter, answer, edited=edited)
        return answer

    async def count(self, by: Caller, chosen: ChosenLetters) -> int:
        return await self._rows.count(DeadLetters, by.tenant_id, _meant(chosen))

    async def replay_all(self, by: Caller, chosen: ChosenLetters) -> LetterReplays:
        matched = await self.count(by, chosen)
        page = await self._rows.page(
            DeadLetters,
            by.tenant_id,
            where=_meant(chosen),
            order=Order("received_at"),
            limit=MOST_REPLAYS,
        )
        begun, replayed, rejected = time.monotonic(), 0, 0
        for letters in _batches(page.rows):
            if time.monotonic() - begun > _SECONDS:
                break
            texts = await self._opening.open(by.tenant_id, [letter.raw for letter in letters])
            readable = [
                (letter, text)
                for letter, text in zip(letters, texts, strict=True)
                if text != ERASED and not letter.cut
            ]
            rejected += len(letters) - len(readable)
            answers = await self._sent(by, letters[0], [text for _, text in readable])
            for (letter, _), answer in zip(readable, answers, strict=True):
                if await self._close(by, letter, answer, edited=False):
                    replayed += 1
                else:
                    rejected += 1
        return LetterReplays(matched, replayed, rejected)

    async def _sent(self, by: Caller, like: DeadLetterRow, texts: Sequence[str]) -> list[EventAnswer]:
        """The answers to the texts of letters that are of the source and the sort of this one."""
        source_id = like.source_id
        if not texts:
            return []
        if like.rule == PAYMENT:
            return [await self._told_again(by, source_id, text) for text in texts]
        events = [read_line(text.encode()) for text in texts]
        await self._intake.admit(by, source_id)
        return await self._intake.take(by, source_id, events, letters=False)

    async def _told_again(self, by: Caller, source_id: UUID, text: str) -> EventAnswer:
        """The answer to a payment that is to be recorded again: what comes of that is another letter, or none."""
        outcome: AppendReceipt | Refusal
        try:
            outcome = await self._bus.send(read_payment_letter(text, source_id), by=by)
        except Invalid as invalid:
            outcome = invalid
        if isinstance(outcome, AppendReceipt):
            return EventAnswer(status=EventStatus.ACCEPTED, position=outcome.first)
        fault = EventViolation(PAYMENT, ViolationCode.UNSUITABLE, (outcome.field or "",), outcome.message)
        return EventAnswer(status=EventStatus.REJECTED, violations=(fault,))

    async def _close(self, by: Caller, letter: DeadLetterRow, answer: EventAnswer, *, edited: bool) -> bool:
        """Close a letter whose event is in the log now; whether it is."""
        if answer.status is EventStatus.REJECTED or answer.position is None:
            return False
        command = CloseDeadLetter(id=letter.id, position=answer.position, edited=edited)
        closed = await self._bus.send(command, by=by, command_id=uuid5(letter.id, f"close {answer.position}"))
        # Somebody else may have closed it just now.
        if isinstance(closed, Refusal) and not isinstance(closed, NotFound):
            raise closed
        return True


def _meant(chosen: ChosenLetters) -> list[Condition]:
    where = [*equals("status", LetterStatus.OPEN)]
    for column, value in (
        ("source_id", chosen.source_id),
        ("rule", chosen.rule),
        ("event_type", chosen.event_type),
    ):
        if value is not None:
            where += equals(column, value)
    return where


def _batches(letters: Sequence[DeadLetterRow]) -> list[list[DeadLetterRow]]:
    """The letters in their order, those of one source and sort together as far as they follow one another."""
    batches: list[list[DeadLetterRow]] = []
    for letter in letters:
        if not batches or _sort(batches[-1][0]) != _sort(letter) or len(batches[-1]) == _TOGETHER:
            batches.append([])
        batches[-1].append(letter)
    return batches


def _sort(letter: DeadLetterRow) -> tuple[UUID, bool]:
    return letter.source_id, letter.rule == PAYMENT
