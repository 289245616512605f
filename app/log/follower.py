"""Following the log: a hint from the server, a poll now and then, and patience with lost connections."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

from app.log.columns import COLUMNS
from app.log.failures import AGAIN, LOST, hits_all
from app.storage.database import Connection, Database
from domain.kit.log import Envelope
from projections.kit.background import happens
from projections.kit.backoff import Backoff

CHANNEL = "headwater_log"

_PAGE = f"select {COLUMNS} from es.events where position > $1 order by position limit $2"
_READ_TIMEOUT = 30
QUIET, _UNTOLD = 5.0, 1.0
"""Seconds between two reads of a log that nobody says has grown, and where it has grown all the same: every append
says so, unless the server's queue is half full, and a lost connection is noticed by itself."""
_AGAIN = Backoff(0.05, 2)
"""Between attempts at a connection that was lost."""
_PACE, _AT_ONCE = 0.01, 8
"""Seconds between two reads while events come steadily, and how many reads come at once before: an event that is
read alone costs everybody who follows as much as many together."""
_logger = logging.getLogger(__name__)


class LogFollower:
    """Pages of the log on a connection of its own. One consumer; `RecentEvents` shares one among many."""

    def __init__(self, database: Database, *, page: int = 2_000, poll: float = QUIET) -> None:
        """``page`` events at most come at once; ``poll`` seconds pass at most between two reads."""
        self._database = database
        self._page = page
        self._poll = poll
        self.position = 0
        """The last position handed out."""
        self.last_read_at: float | None = None
        """When the log was last read with success, by ``time.monotonic``."""
        self._due = 0.0

    async def follow(self, *, after: int) -> AsyncIterator[list[Envelope]]:
        """Positions come without gap, each once."""
        self.position = after
        failures = 0
        while True:
            connection: Connection | None = None
            try:
                hint, hinted = asyncio.Event(), True
                connection = await self._listen(hint)
                while True:
                    # Cleared before the read: what is appended during the read raises it again.
                    hint.clear()
                    rows = await connection.fetch(_PAGE, self.position, self._page, timeout=_READ_TIMEOUT)
                    self.last_read_at = time.monotonic()
                    failures = 0
                    # Events that nobody has told of: while hints do not come, reads are due more often.
                    wait = min(self._poll, _UNTOLD) if rows and not hinted else self._poll
                    if rows:
                        self.position = rows[-1]["position"]
                        yield [Envelope(*row) for row in rows]
                    if len(rows) < self._page:
                        hinted = await happens(hint, within=wait)
                        await self._paced()
            except Exception as error:
                closed = connection is not None and connection.is_closed()
                # A read that the server cancels (statement_timeout) passes too; a feed that ends does not.
                if not (closed or isinstance(error, (*LOST, *AGAIN)) or hits_all(error)):
                    raise
                _logger.warning("The log cannot be followed, connecting again: %r", error)
            finally:
                if connection is not None:
                    connection.terminate()
            failures += 1
            await asyncio.sleep(_AGAIN.pause(failures))

    async def _paced(self) -> None:
        """Wait until the next read is due. A lone event, and a few that set off one another, wait for nothing."""
        now = time.monotonic()
        self._due = max(self._due, now - _AT_ONCE * _PACE) + _PACE
        if self._due > now:
            await asyncio.sleep(self._due - now)

    async def _listen(self, hint: asyncio.Event) -> Connection:
        connection = await self._database.connect()
        try:
            # A lost connection wakes the follower at once instead of at the next poll.
            connection.add_termination_listener(lambda _: hint.set())
            await connection.add_listener(CHANNEL, lambda *_: hint.set())
        except BaseException:
            connection.terminate()
            raise
        return connection
