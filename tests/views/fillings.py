"""Views in partitions, of jars that are filled at times, and what is asked about them."""

from dataclasses import replace as changed
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from app.storage.database import Connection
from domain.kit.log import AppendReceipt, Envelope
from projections.kit.declare.folds import TIME, carried, on
from projections.kit.declare.partitions import ByHash, ByTime, Span
from projections.kit.declare.postgres import Index, PostgresView
from projections.kit.declare.row import Row, replace
from tests.views.place import TENANT, Place
from tests.views.toys import Jar

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY = Span.DAY.begin(NOW)
DAY = timedelta(days=1)
OTHER = UUID(int=8)


class FilledRow(Row):
    """A jar that was filled."""

    id: UUID
    name: str
    filled_at: datetime


class Fillings(PostgresView[FilledRow], name="toys.fillings"):
    """Every jar that was filled in the last ten days."""

    partitions = ByTime("filled_at", every=Span.DAY, days=10)
    indexes = (Index("idx_fillings_filled_at", ("filled_at", "id")),)

    filled = carried(Jar.Filled, first=True, filled_at=TIME)


class MonthRow(Row):
    """What was filled on a day."""

    day: date
    amount: int = 0


class DailyAmounts(PostgresView[MonthRow], name="toys.daily_amounts", key="day"):
    """How much was filled on each day of the last sixty."""

    partitions = ByTime("day", every=Span.MONTH, days=60)

    @on(Jar.Filled, by=lambda event, envelope: envelope.timestamp.date())
    def filled(self, row: MonthRow | None, event: Jar.Filled, envelope: Envelope, key: date) -> MonthRow:
        row = row or MonthRow(day=key)
        return replace(row, amount=row.amount + event.amount)


class Names(PostgresView[FilledRow], name="toys.filled_names", key=("name", "id")):
    """Jars by their names, in four parts."""

    partitions = ByHash("name", parts=4)

    filled = carried(
        Jar.Filled, by=lambda event, _: (event.name, event.originator_id), first=True, filled_at=TIME
    )


async def filled(place: Place, *times: datetime, tenant: UUID = TENANT, name: str = "a") -> None:
    """A jar is filled in a tenant at each of these times."""
    for time in times:
        command = place.command((uuid4(), Jar.Filled(name=name, shelf="top", amount=1)), tenant=tenant)
        events = tuple(changed(event, timestamp=time) for event in command.events)
        assert isinstance(await place.log.append(changed(command, events=events)), AppendReceipt)


async def parts(owner: Connection, table: str = "toys_g1.fillings") -> list[str]:
    """The partitions of a table but that of the rest, by the ends of their names."""
    found = await owner.fetch(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass", table
    )
    return sorted(
        row["name"].removeprefix(f"{table}_") for row in found if not row["name"].endswith("_other")
    )


async def others(owner: Connection, table: str = "toys_g1.fillings") -> int:
    """How many rows are in no partition of their own."""
    found: int = await owner.fetchval(f"select count(*) from {table}_other")
    return found


def named(*days: int) -> list[str]:
    """The ends of the names of the partitions of days, counted from today."""
    return [f"{NOW + day * DAY:%Y_%m_%d}" for day in days]
