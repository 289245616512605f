"""Replays: rejected events that are corrected, or sent again as they were, once what rejected them has changed."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

from domain.gateway.outcomes import EventAnswer
from domain.kit.caller import Caller
from domain.kit.refusals import Refusal

MOST_REPLAYS = 1_000
"""Dead letters that are replayed at once."""


class LetterWasCut(Refusal):
    """What is kept of this event is not all that was sent, or no event: discard it, or replay a corrected text."""


class AlreadyReplayed(Refusal):
    """This dead letter was replayed already, with another text."""


class CallbackNotReplayed(Refusal):
    """A callback that may tell of a payment is not replayed, as no payment would be recorded: have its provider
    send it again, and discard this."""


class LetterIsErased(Refusal):
    """The person that this event is about was erased, and the event with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenLetters:
    """Which open dead letters are meant: those that meet all that is given."""

    source_id: UUID | None = None
    rule: str | None = None
    event_type: str | None = None


@dataclass(frozen=True, slots=True)
class LetterReplays:
    """What became of dead letters that were replayed together."""

    matched: int
    """Open ones that were meant, before."""
    replayed: int
    rejected: int
    """Those that were rejected again, or cannot be read any more; they stay open. Those that somebody else closed
    meanwhile are neither."""


@runtime_checkable
class LetterReplay(Protocol):
    """Replays dead letters."""

    async def replay(self, by: Caller, letter_id: UUID, text: str | None = None) -> EventAnswer:
        """Send the event of an open dead letter again, as it was or as this corrected text, and close the letter
        as it is let in, or do neither. One that was replayed before, as this text, is a duplicate. Raises a
        refusal: NotFound, AlreadyReplayed, LetterWasCut, CallbackNotReplayed, LetterIsErased, what may be let in
        later (Contended, TenantMoving), or those of the intake."""
        ...

    async def count(self, by: Caller, chosen: ChosenLetters) -> int:
        """How many open dead letters are meant."""
        ...

    async def replay_all(self, by: Caller, chosen: ChosenLetters) -> LetterReplays:
        """Replay those that are meant, the oldest first, so many at most. Raises the refusals of the intake."""
        ...
