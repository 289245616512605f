"""Dead letters that are replayed together."""

from collections.abc import Sequence
from uuid import UUID

from domain.gateway.letters import PAYMENT
from projections.gateway.events import DeadLetterRow

_TOGETHER = 100
_LENGTH = 1024 * 1024
"""Characters of sealed texts together; read, their events may take fifty times as many bytes."""


def batches_of(letters: Sequence[DeadLetterRow]) -> list[list[DeadLetterRow]]:
    """The letters in their order, those of one source and sort together as far as they follow one another, and are
    not too long together."""
    batches: list[list[DeadLetterRow]] = []
    length = 0
    for letter in letters:
        full = not batches or len(batches[-1]) == _TOGETHER or length > _LENGTH
        if full or _sort(batches[-1][0]) != _sort(letter):
            batches.append([])
            length = 0
        batches[-1].append(letter)
        length += len(letter.raw)
    return batches


def _sort(letter: DeadLetterRow) -> tuple[UUID, bool]:
    return letter.source_id, letter.rule == PAYMENT
