"""The processes of the product, and what runs them."""

from typing import Any

from app.database import Database
from app.processes.lease import enroll
from app.processes.reminders import LoggedReminders
from app.processes.runner import run_processes
from domain.kit.process import Process
from domain.processes.due_dates import DueDateReminder

__all__ = ["enrolled", "processes", "run_processes"]


def processes() -> list[Process[Any]]:
    """Every process, with the adapters of its ports."""
    return [DueDateReminder(LoggedReminders())]


async def enrolled(database: Database) -> list[Process[Any]]:
    """Every process, made known to the database; each reacts to what is appended after its first time.

    Raises ProcessRefused when newer code has run one of them.
    """
    made = processes()
    for one in made:
        await enroll(database.writer, one)
    return made
