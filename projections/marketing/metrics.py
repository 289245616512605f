"""What marketing cost and brought, added up over spans of days: of each currency by itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from projections.kit.context.read_side import ReadSide
from projections.kit.model import PostgresView
from projections.kit.read.postgres_reader import PostgresRows
from projections.marketing.figures import CampaignFacts, DailyTotals

_PLACES = Decimal("0.000001")


class MarketingGroup(StrEnum):
    """By what figures are added up; those of several currencies never are."""

    TOTAL = "total"
    CHANNEL = "channel"
    ACCOUNT = "account"
    CAMPAIGN = "campaign"


class MarketingInterval(StrEnum):
    """How long the spans are; weeks begin on Monday. The first and the last may be cut off."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_COLUMNS: Mapping[MarketingGroup, tuple[str, ...]] = {
    MarketingGroup.TOTAL: (),
    MarketingGroup.CHANNEL: ("channel",),
    MarketingGroup.ACCOUNT: ("channel", "account_id"),
    MarketingGroup.CAMPAIGN: ("channel", "account_id", "campaign_id"),
}


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days, the last included."""

    start: date
    end: date

    @property
    def before(self) -> "DaySpan":
        """As many days, right before these."""
        days = self.end - self.start
        end = self.start - timedelta(days=1)
        return DaySpan(end - days, end)


def spans(whole: DaySpan, interval: MarketingInterval | None) -> list[DaySpan]:
    """A span in parts, which are cut off where it begins and ends."""
    if interval is None:
        return [whole]
    found: list[DaySpan] = []
    start = whole.start
    while start <= whole.end:
        end = min(_last(start, interval), whole.end)
        found.append(DaySpan(start, end))
        start = end + timedelta(days=1)
    return found


def _last(day: date, interval: MarketingInterval) -> date:
    match interval:
        case MarketingInterval.DAY:
            return day
        case MarketingInterval.WEEK:
            return day + timedelta(days=6 - day.weekday())
        case MarketingInterval.MONTH:
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Figures, added up."""

    spend: Decimal = Decimal(0)
    impressions: Decimal = Decimal(0)
    clicks: Decimal = Decimal(0)
    conversions: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)

    @property
    def ctr(self) -> Decimal | None:
        """Clicks for each impression."""
        return _ratio(self.clicks, self.impressions)

    @property
    def cpc(self) -> Decimal | None:
        """What a click cost."""
        return _ratio(self.spend, self.clicks)

    @property
    def cpa(self) -> Decimal | None:
        """What a conversion cost."""
        return _ratio(self.spend, self.conversions)

    @property
    def roas(self) -> Decimal | None:
        """What came back for each unit that was spent."""
        return _ratio(self.revenue, self.spend)


def _ratio(above: Decimal, below: Decimal) -> Decimal | None:
    return (above / below).quantize(_PLACES, rounding=ROUND_HALF_EVEN) if below else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFilter:
    """What is added up."""

    account_ids: Collection[UUID] | None = None
    campaign_ids: Collection[UUID] | None = None
    channels: Collection[str] | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What came to be in a span, and in the one before it."""

    span: DaySpan
    currency: str
    channel: str | None
    account_id: UUID | None
    campaign_id: UUID | None
    sums: Sums
    before: Sums | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    place: int
    currency: str
    channel: str | None = None
    account_id: UUID | None = None
    campaign_id: UUID | None = None
    spend: Decimal
    impressions: Decimal
    clicks: Decimal
    conversions: Decimal
    revenue: Decimal

    @property
    def key(self) -> "_Key":
        return self.place, self.currency, self.channel, self.account_id, self.campaign_id

    @property
    def sums(self) -> Sums:
        return Sums(
            spend=self.spend,
            impressions=self.impressions,
            clicks=self.clicks,
            conversions=self.conversions,
            revenue=self.revenue,
        )


_Key = tuple[int, str, str | None, UUID | None, UUID | None]


class MetricReader:
    """Adds figures up."""

    def __init__(self, rows: PostgresRows) -> None:
        self._rows = rows

    async def metrics(
        self,
        tenant_id: UUID,
        wanted: MetricFilter,
        parts: Sequence[DaySpan],
        group: MarketingGroup,
        *,
        compared: bool,
        limit: int,
    ) -> list[Metric]:
        """The figures of each span and group that has any, by span and then by what it cost, the most first; if
        they are ``compared``, also of groups that have some in the span before alone. At most ``limit``."""
        found = {each.key: each.sums for each in await self._sums(tenant_id, wanted, parts, group, limit)}
        earlier: dict[_Key, Sums] = {}
        if compared:
            before = [part.before for part in parts]
            earlier = {
                each.key: each.sums for each in await self._sums(tenant_id, wanted, before, group, limit)
            }
        keys = sorted({*found, *earlier}, key=lambda key: _order(key, found.get(key)))
        return [
            Metric(
                span=parts[key[0]],
                currency=key[1],
                channel=key[2],
                account_id=key[3],
                campaign_id=key[4],
                sums=found.get(key, Sums()),
                before=earlier.get(key, Sums()) if compared else None,
            )
            for key in keys[:limit]
        ]

    async def _sums(
        self,
        tenant_id: UUID,
        wanted: MetricFilter,
        parts: Sequence[DaySpan],
        group: MarketingGroup,
        limit: int,
    ) -> list[_Found]:
        by_campaign = group is MarketingGroup.CAMPAIGN or wanted.campaign_ids is not None
        view: type[PostgresView[Any]] = CampaignFacts if by_campaign else DailyTotals
        columns = ", ".join(f"f.{name}" for name in ("currency", *_COLUMNS[group]))
        arguments: list[Any] = [[part.start for part in parts], [part.end for part in parts], limit]
        conditions: list[str] = []
        for column, kind, values in (
            ("account_id", "uuid", wanted.account_ids),
            ("campaign_id", "uuid", wanted.campaign_ids),
            ("channel", "text", wanted.channels),
            ("currency", "text", None if wanted.currency is None else [wanted.currency]),
        ):
            if values is not None:
                arguments.append(list(values))
                conditions.append(f"and f.{column} = any(${len(arguments) + 1}::{kind}[])")
        sql = f"""
select place::int - 1 as place, {columns},
       sum(f.spend) as spend, sum(f.impressions) as impressions, sum(f.clicks) as clicks,
       sum(f.conversions) as conversions, sum(f.revenue) as revenue
  from unnest($2::date[], $3::date[]) with ordinality as part(first, last, place)
  join {{figures}} f on f.date between part.first and part.last
 where f.tenant_id = $1 {" ".join(conditions)}
 group by place, {columns}
 order by place, sum(f.spend) desc, {columns}
 limit $4
"""
        return await self._rows.select({"figures": view}, tenant_id, sql, *arguments, shape=_Found)


def _order(key: _Key, sums: Sums | None) -> tuple[Any, ...]:
    place, *rest = key
    return place, -(sums.spend if sums else Decimal(-1)), [str(each) for each in rest]


def metric_reader(reading: ReadSide) -> MetricReader:
    """The port, on the stores of one process."""
    return MetricReader(reading.rows)
