"""Reminders as lines of the log, until there is a better way to reach people."""

import logging
from datetime import datetime
from uuid import UUID

_logger = logging.getLogger(__name__)


class LoggedReminders:
    """`domain.processes.due_dates.Reminders`: one line of the process's log for each call.

    A line cannot be taken back or looked up, so after a kill at the wrong moment there may be two with one key.
    """

    async def remind(self, *, tenant_id: UUID, task_id: UUID, person: UUID, due: datetime, key: UUID) -> None:
        """See the port."""
        _logger.info(
            "Reminder %s: task %s of tenant %s is due at %s; it is for %s.",
            key,
            task_id,
            tenant_id,
            due.isoformat(),
            person,
        )
