"""Views whose folds raise for some amounts, until they are repaired; each in all three stores."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from projections.kit.declare.folds import on
from projections.kit.declare.postgres import Check, PostgresView
from projections.kit.declare.redis import RedisView
from projections.kit.declare.row import Row, replace
from projections.kit.declare.search import SearchView
from projections.kit.declare.view import View
from tests.views.toys import Jar

POISON: set[int] = set()
"""The amounts that cannot be folded; taking one out is the code fix."""


class Diary(Row):
    """What happened to one jar, in order."""

    id: UUID
    amounts: tuple[int, ...]


class DiaryFolds:
    """One row for one stream."""

    @on(Jar.Filled, first=True)
    def filled(self, row: None, event: Jar.Filled) -> Diary:
        return Diary(id=event.originator_id, amounts=(_sound(event.amount),))

    @on(Jar.Taken)
    def taken(self, row: Diary, event: Jar.Taken) -> Diary:
        return replace(row, amounts=(*row.amounts, _sound(event.amount)))

    @on(Jar.Broken)
    def broken(self, row: Diary, event: Jar.Broken) -> None:
        return None


class Tally(Row):
    """What happened to all jars of a shelf."""

    shelf: str
    events: int = 0
    amount: int = 0


class TallyFolds:
    """Many streams in one row; the order of streams does not matter."""

    @on(Jar.Filled, Jar.Taken, by="shelf")
    def counted(self, row: Tally | None, event: Any, key: str) -> Tally:
        row = row or Tally(shelf=key)
        return replace(row, events=row.events + 1, amount=row.amount + _sound(event.amount))


def _sound(amount: int) -> int:
    if amount in POISON:
        raise ArithmeticError(f"secret {amount}")
    return amount


MINUTES = timedelta(minutes=10)


class PostgresDiary(DiaryFolds, PostgresView[Diary], name="toys.diary_postgres"):
    """Diaries in Postgres."""


class RedisDiary(DiaryFolds, RedisView[Diary], name="toys.diary_redis", pattern="diary:{id}", ttl=MINUTES):
    """Diaries in Redis."""


class SearchDiary(DiaryFolds, SearchView[Diary], name="toys.diary_search"):
    """Diaries in search."""


class PostgresTally(TallyFolds, PostgresView[Tally], name="toys.tally_postgres", key="shelf"):
    """Tallies in Postgres."""


class RedisTally(
    TallyFolds, RedisView[Tally], name="toys.tally_redis", key="shelf", pattern="tally:{shelf}", ttl=MINUTES
):
    """Tallies in Redis."""


class SearchTally(TallyFolds, SearchView[Tally], name="toys.tally_search", key="shelf"):
    """Tallies in search."""


class NarrowDiary(DiaryFolds, PostgresView[Diary], name="toys.diary_narrow"):
    """Diaries that Postgres takes only while they are short; the folds do not know."""

    checks = (Check("short", "cardinality(amounts) < 3"),)


class InlineDiary(DiaryFolds, PostgresView[Diary], name="toys.diary_inline", inline=True):
    """Diaries, at once."""


class InlineTally(TallyFolds, PostgresView[Tally], name="toys.tally_inline", key="shelf", inline=True):
    """Tallies, at once."""


DIARIES: tuple[type[View[Any]], ...] = (PostgresDiary, RedisDiary, SearchDiary)
TALLIES: tuple[type[View[Any]], ...] = (PostgresTally, RedisTally, SearchTally)
