"""Task counts: of a person, of everyone by day, and live."""

from collections.abc import AsyncGenerator
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import (
    After,
    Change,
    Discontinuity,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Initial,
    Interest,
    RequestContext,
    ResumeFrom,
    State,
    argument,
    field,
    forward,
    live,
    messages,
    shows,
    watch,
)
from domain.kit.events import Event
from domain.work.tasks import Task
from projections.kit.declare.folds import Key
from projections.kit.declare.view import Fold
from projections.kit.read.conditions import equals
from projections.work.reader import WorkReader
from projections.work.stats import DailyRow, DailyStats, UserStats, UserStatsRow
from projections.work.tasks import Tasks


@shows(DailyRow, needs="work:read")
class TaskDay:
    """Task counts of one day, in UTC."""


@shows(UserStatsRow, needs="work:read")
class TaskStats:
    """A user's task counts, by status."""


_user_stats, _tasks = UserStats(), Tasks()


async def _seen(ask: RequestContext, people: list[UUID]) -> dict[UUID, UserStatsRow]:
    """The counts of what the caller may see."""
    return await ask.port(WorkReader).counts.of(ask.caller.tenant_id, people, ask.sight)


@strawberry.type
class Query:
    @field(
        "A user's task counts by status; null for a user who never had a task.",
        TaskStats | None,
        needs="work:read",
    )
    async def task_stats(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("The user's id; by default your own.")] = None,
        after_position: After = None,
    ) -> UserStatsRow | None:
        ask, person = info.context, user_id or info.context.caller.user_id
        if ask.sight.narrows(Tasks):
            await ask.caught_up(Tasks, after_position)
            return (await _seen(ask, [person])).get(person)
        await ask.caught_up(UserStats, after_position)
        return await ask.row(UserStats, person)

    @field(
        "Counts of created and completed tasks per day, of those you may see; the latest day first.",
        ForwardConnection[TaskDay],
        needs="work:read",
    )
    async def task_days(
        self,
        info: Info,
        since_day: Annotated[date | None, argument("Only this day and later ones.")] = None,
        user_id: Annotated[
            UUID | None, argument("Only tasks that this user created, or was assigned to on completion.")
        ] = None,
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> ForwardConnection[DailyRow]:
        ask = info.context
        await ask.caught_up(DailyStats, after_position)

        async def read(limit: int, before: date | None) -> list[DailyRow]:
            return await ask.port(WorkReader).days.latest(
                ask.caller.tenant_id,
                since_day=since_day,
                before=before,
                user_id=user_id,
                first=limit,
                sight=ask.sight,
            )

        return await forward(
            ask, f"days {user_id} {since_day}", first, after, read, place=lambda row: row.day, of=date
        )


@strawberry.type
class Subscription:
    @live(
        "A user's task counts, at every change.",
        messages(TaskStats, UserStats, "Changed counts, or a gap in the messages."),
        needs="work:read",
    )
    def task_stats_changed(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("The user's id; by default everybody.")] = None,
        resume_from: ResumeFrom = None,
        initial: Initial = False,
    ) -> AsyncGenerator[State[UserStatsRow] | Change[UserStatsRow] | Discontinuity, None]:
        narrowed = info.context.sight.narrows(Tasks)

        def concerns(row: UserStatsRow | None, event: Event, key: Key, fold: Fold) -> bool:
            # A move changes the counts of those alone who do not see every project.
            return user_id in (None, *key) and (narrowed or not isinstance(event, Task.Moved))

        async def counted(keys: set[Key]) -> dict[Key, UserStatsRow]:
            found = await _seen(info.context, [id for (id,) in keys])
            return {(id,): row for id, row in found.items()}

        return watch(
            info.context,
            _user_stats,
            resume_from=resume_from,
            initial=initial,
            interest=Interest(concerns=concerns, where=equals("user_id", user_id)),
            latest_only=True,
            about=_tasks if narrowed else None,
            read=counted if narrowed else None,
        )
