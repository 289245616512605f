"""Rollups: what happened, counted by the day or hour and by what it was about.

    class SalesRow(Row):
        \"\"\"What was sold on a day.\"\"\"

        id: Id
        day: date
        product: str
        sold: int = 0
        buyers: UniqueCount = UniqueCount()

    class Sales(PostgresView[SalesRow], name="commerce.sales", version=1):
        \"\"\"What was sold, by day and product.\"\"\"

        indexes = (Index("idx_sales_day", ("day", "id")),)
        paid = rolled(
            Order.Paid, into=Bucket("day", Every.DAY, zone="Europe/Prague"), by={"product": EventField("sku")},
            sold=Sum("quantity"), buyers=Distinct("buyer_id"),
        )

A row's id follows from its tenant, bucket and groups, so it is the same after a rebuild. The rows that a page of
events touches are loaded once and written once, however many of the events they count.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from domain.kit.events import Event
from domain.kit.log import Envelope
from projections.kit.declare.fold_code import FoldCode
from projections.kit.declare.folds import DeclaredFold, EventField, FoldMark, count


class Every(StrEnum):
    """How long a bucket is."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The field of the row that says when: the date of a day, or the first moment of an hour, as the event's time
    is in this zone, or the time in its field ``at``."""

    field: str
    every: Every
    zone: str = "UTC"
    at: str | None = None

    def of(self, event: Event) -> date:
        """The bucket of an event."""
        local: datetime = getattr(event, self.at or "timestamp").astimezone(ZoneInfo(self.zone))
        if self.every is Every.DAY:
            return local.date()
        # Of the two hours of one name, when clocks are set back, each is a bucket.
        return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


Group = Mapping[str, object]
"""The fields of the row that say about what, each with a constant or an `EventField`; an event that holds None in
one of these is not counted in the group."""


def rolled(
    *events: type[Event],
    into: Bucket,
    by: Group | Sequence[Group] = (),
    unless: Callable[[Any], bool] | None = None,
    **steps: object,
) -> DeclaredFold:
    """The fold that counts events in the row of their bucket and group, or in a row for each of several groups.

    Steps are those of `counted`. Fields that only other groups name have defaults. ``unless`` says of an event
    whether it is counted nowhere.
    """
    groups = [by] if isinstance(by, Mapping) else list(by) or [{}]
    grouping = _Grouping(into, groups)

    def write(code: FoldCode) -> None:
        grouping.fit(code)
        for name, step in steps.items():
            count(code, name, step)
        code.stamp()
        code.begin_by(grouping.begin)

    def ids(event: Event, envelope: Envelope) -> list[UUID]:
        return [] if unless is not None and unless(event) else grouping.ids(event, envelope)

    return DeclaredFold(FoldMark(events, ids, rolled=True), write)


class _Grouping:
    """Which rows an event is counted in, and what is said in each of them."""

    def __init__(self, bucket: Bucket, groups: Sequence[Group]) -> None:
        self._bucket, self._groups = bucket, groups
        # Rows differ in type, hence Any.
        self._row: Any = None

    def fit(self, code: FoldCode) -> None:
        """Check that the row has the fields that the groups name, and that they can hold what events say."""
        self._row = code.row
        kind = date if self._bucket.every is Every.DAY else datetime
        code.require(self._bucket.field, kind)
        if get_type_hints(code.row)[self._bucket.field] is not kind:
            raise TypeError(f"{code.where}: {self._bucket.field} is to be a {kind.__name__}.")
        if self._bucket.at is not None and code.event_field(self._bucket.at)[1] is not datetime:
            raise TypeError(f"{code.where}: {code.event.__qualname__}.{self._bucket.at} is no time.")
        for group in self._groups:
            for name, value in group.items():
                given = code.event_field(value.name)[1] if isinstance(value, EventField) else type(value)
                code.require(name, _without_none(given))

    def ids(self, event: Event, envelope: Envelope) -> list[UUID]:
        """The ids of the rows."""
        bucket = self._bucket.of(event)
        said = [_said(group, event) for group in self._groups]
        return [self._id(envelope.tenant_id, bucket, values) for values in said if values is not None]

    def begin(self, event: Event, tenant_id: UUID, id: UUID) -> Any:
        """The row of this id as it begins."""
        bucket = self._bucket.of(event)
        for group in self._groups:
            values = _said(group, event)
            if values is not None and self._id(tenant_id, bucket, values) == id:
                return self._row(id=id, **{self._bucket.field: bucket}, **values)
        raise LookupError(f"{event.stored_as} is counted in no row {id}.")

    def _id(self, tenant_id: UUID, bucket: date, values: Mapping[str, object]) -> UUID:
        return uuid5(tenant_id, msgspec.json.encode((self._row.__name__, bucket, values)).decode())


def _said(group: Group, event: Event) -> dict[str, object] | None:
    values = {
        name: getattr(event, value.name) if isinstance(value, EventField) else value
        for name, value in group.items()
    }
    return None if None in values.values() else values


# Type hints have no static type, hence Any.
def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    return Union[tuple(kind for kind in get_args(hint) if kind is not NoneType)]  # noqa: UP007
