"""Schedules: times that come again, by a cron expression in a zone, each the cause of one occurrence.

    due = Cron("30 2 * * *", "Europe/Prague").after(event.timestamp)
    return Then(state, *next_timer("pull", due))

    @when_due("pull")
    def pull_due(self, state: Pulling, fired: Fired) -> Then[Pulling]:
        this = occurrence_of(self.cron(state), UUID(fired.instance), fired)
        return Then(state, self.Pull(run_id=this.id), *next_timer("pull", this.next_at))

A timer fires once over all workers, in the transaction that sets the next one. The next time is one after the
moment at which it fired: of all that went by while nobody was at work, one comes late and the others never.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from domain.kit.process.effects import Fired, Schedule

_FIELDS = 5
LONGEST = 100
"""Characters of an expression at the most."""
_ANY = datetime(2000, 1, 1, tzinfo=UTC)


class CronInvalid(ValueError):
    """The text is no schedule; the message is the end of a sentence that begins with it."""


@dataclass(frozen=True)
class Cron:
    """Minute, hour, day of the month, month and day of the week, by the clocks of a zone (IANA).

    A time that the clocks skip in spring comes when they are past it; one that they repeat in autumn comes once.
    Where minute or hour begins with ``*``, it is by the time that really passes. Raises CronInvalid.
    """

    expression: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if len(self.expression) > LONGEST:
            raise CronInvalid(f"has more than {LONGEST} characters")
        if len(self.expression.split()) != _FIELDS:
            raise CronInvalid("has not five fields: minute, hour, day of the month, month, day of the week")
        try:
            _ = self._zone
        except (LookupError, ValueError, OSError):
            raise CronInvalid("is in no time zone that is known") from None
        try:
            CronSim(self.expression, _ANY)
        except CronSimError as error:
            raise CronInvalid(f"has a {str(error).removeprefix('Bad ')} that cannot be") from None
        if self.after(_ANY) is None:
            raise CronInvalid("names a time that never comes")

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def after(self, moment: datetime) -> datetime | None:
        """The first time after a moment, in UTC; None when none comes in 50 years, or before the year 10000."""
        try:
            times = (each.astimezone(UTC) for each in CronSim(self.expression, moment.astimezone(self._zone)))
            # In the hour that is repeated the library names the first half past two, though it is over.
            return next(each for each in times if each > moment)
        except (StopIteration, OverflowError, ValueError):
            # ValueError: beyond the last year that a datetime has.
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A time of a schedule that has come."""

    id: UUID
    """Follows from the schedule's id and the time: whatever is done about it is known by it again."""
    due_at: datetime
    next_at: datetime | None


def occurrence_id(schedule_id: UUID, due_at: datetime) -> UUID:
    """The id of what happens at a time of a schedule."""
    return uuid5(schedule_id, due_at.astimezone(UTC).isoformat())


def occurrence_of(cron: Cron, schedule_id: UUID, fired: Fired) -> Occurrence:
    """What a timer that has fired stands for, and when the next one comes: after all that went by meanwhile.

    A clock that was set back causes nothing twice: the next time is after both the one that was due and now.
    """
    return Occurrence(
        id=occurrence_id(schedule_id, fired.due_at),
        due_at=fired.due_at,
        next_at=cron.after(max(fired.due_at, fired.at)),
    )


def next_timer(name: str, at: datetime | None) -> tuple[Schedule, ...]:
    """The timer of the next time, where there is one."""
    return () if at is None else (Schedule(name, at),)
