"""A batch of one command of one event, without checks or holds, as ``es.append_one`` takes it."""

from collections.abc import Iterator, Sequence

import asyncpg

from app.log.batch import Unstorable, envelopes
from domain.kit.log import Append, AppendReceipt, Conflict, Envelope, Outcome, Reused

_ARGUMENTS = 20
APPEND_ONE = f"select * from es.append_one({', '.join(f'${n}' for n in range(1, _ARGUMENTS + 2))})"


class Single:
    """The arguments of one call; stands in for a ``Batch`` and is cheaper on both sides."""

    statement = APPEND_ONE

    def __init__(self, append: Append) -> None:
        """The append must be ``PreparedAppend.plain``."""
        self._append = append
        (event,) = append.events
        self.arguments: list[object] = [
            append.tenant_id,
            append.command_id,
            append.digest,
            append.correlation_id,
            append.causation_id,
            append.user_id,
            append.session_id,
            append.source,
            append.environment,
            append.region,
            append.metadata.decode(),
            event.event_id,
            event.topic,
            event.originator_id,
            event.originator_version,
            event.type,
            event.version,
            event.timestamp,
            event.payload.decode(),
            event.ends,
        ]

    def outcomes(self, row: asyncpg.Record) -> tuple[list[Outcome | Unstorable], int]:
        verdict, first, last = row
        command_id = self._append.command_id
        if verdict < 2:
            return [AppendReceipt(command_id, first, last, repeated=verdict == 1)], last
        if verdict == 2:
            return [Reused(command_id)], 0
        return [Conflict(self._append.events[0].originator_id)], 0

    def envelopes(self, outcomes: Sequence[Outcome | Unstorable]) -> Iterator[Envelope]:
        return envelopes([self._append], outcomes)
