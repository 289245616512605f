"""Task counts: of a person, of everyone by day, and live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.changes import Change, Discontinuity, ResumeFrom, watch
from api.kit.context import Info
from api.kit.fields import After, argument, field, live
from api.kit.shows import shows
from domain.kit.events import Event
from projections.kit.conditions import since
from projections.kit.rows import Order
from projections.kit.view import Key
from projections.work.stats import DailyRow, DailyStats, UserStats, UserStatsRow


@shows(DailyRow, needs="work:read")
class TaskDay:
    """What happened to tasks on one day, in UTC."""


@shows(UserStatsRow, needs="work:read")
class TaskStats:
    """How many tasks somebody has, by status."""


StatsMessage = Annotated[
    Change[TaskStats] | Discontinuity,
    strawberry.union("TaskStatsMessage", description="Changed counts, or a gap in the messages."),
]

_user_stats = UserStats()


@strawberry.type
class Query:
    @field(
        "How many tasks somebody has, by status; empty for who never had any.",
        TaskStats | None,
        needs="work:read",
    )
    async def task_stats(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("Whose; your own by default.")] = None,
        after_position: After = None,
    ) -> UserStatsRow | None:
        await info.context.caught_up(UserStats, after_position)
        return await info.context.row(UserStats, user_id or info.context.caller.user_id)

    @field("Tasks created and completed, by day; the latest day first.", list[TaskDay], needs="work:read")
    async def task_days(
        self,
        info: Info,
        since_day: Annotated[date | None, argument("No earlier day than this.")] = None,
        first: Annotated[int, argument("How many days, at most 100.")] = 30,
        after_position: After = None,
    ) -> list[DailyRow]:
        await info.context.caught_up(DailyStats, after_position)
        page = await info.context.services.rows.page(
            DailyStats,
            info.context.caller.tenant_id,
            where=since("day", since_day),
            order=Order("day", descending=True),
            limit=max(0, min(first, 100)),
        )
        return page.rows


@strawberry.type
class Subscription:
    @live("Somebody's task counts, each time they change.", StatsMessage, needs="work:read")
    async def task_stats_changed(
        self,
        info: Info,
        user_id: Annotated[UUID | None, argument("Whose; everybody's by default.")] = None,
        resume_from: ResumeFrom = None,
    ) -> AsyncGenerator[Change[UserStatsRow] | Discontinuity, None]:
        def wanted(row: UserStatsRow | None, event: Event, key: Key) -> bool:
            return user_id is None or key == (user_id,)

        changes = watch(info.context, _user_stats, resume_from=resume_from, wanted=wanted, latest_only=True)
        async with aclosing(changes):
            async for change in changes:
                yield change
