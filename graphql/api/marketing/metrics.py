"""What marketing cost and brought, added up and compared."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import (
    After,
    ClientError,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Node,
    Resource,
    among,
    argument,
    covered,
    derived,
    enum,
    field,
    forward,
    linked,
    money_field,
    shows,
)
from api.kit.schema.money import ShownMoney
from api.marketing.accounts import MarketingAccount, MarketingCampaign
from domain.kit.money.money import spelled
from domain.marketing.access import READ
from domain.marketing.accounts import MarketingChannel
from domain.marketing.figures import EARLIEST, LATEST
from projections.marketing.accounts import MarketingAccounts, MarketingCampaigns
from projections.marketing.figures import CampaignFacts, DailyTotals, DailyTotalsRow
from projections.marketing.metrics import (
    DaySpan,
    MarketingGroup,
    MarketingInterval,
    Metric,
    MetricFilter,
    MetricReader,
    Sums,
    spans,
)

_MOST_DAYS = 1_100
"""Days that are added up at once: three years."""
_MOST_IDS = 100
_MOST_METRICS = 10_000


@shows(DailyTotalsRow, needs=READ, leave_out=("account_id", "currency"))
class MarketingDay(Node):
    """What the campaigns of an account cost and brought on a day."""

    account = linked(MarketingAccount, MarketingAccounts, "account_id", "The account.")
    spend = money_field("spend", "What they cost.")
    revenue = money_field("revenue", "What they brought.")
    impressions = derived(Decimal, lambda row: Decimal(row.impressions), "How often they were shown.")
    clicks = derived(Decimal, lambda row: Decimal(row.clicks), "How often they were clicked on.")


_days = Resource(MarketingDay, DailyTotals, read=READ)
_days.filter(only=("account_id", "channel", "date"))


@covered
@strawberry.type(description="Says what marketing cost and brought in a span of days.")
class MarketingFigures:
    """Figures of a metric. What is counted may be more than an `Int` holds."""

    spend: ShownMoney = strawberry.field(description="What it cost.")
    impressions: Decimal = strawberry.field(description="How often it was shown.")
    clicks: Decimal = strawberry.field(description="How often it was clicked on.")
    conversions: Decimal = strawberry.field(description="How often it led to what it is for.")
    revenue: ShownMoney = strawberry.field(description="What it brought.")
    ctr: Decimal | None = strawberry.field(
        description="Clicks for each impression, to six decimal places; null where it was never shown."
    )
    cpc: Decimal | None = strawberry.field(
        description="What a click cost, in units of the currency; null without clicks."
    )
    cpa: Decimal | None = strawberry.field(
        description="What a conversion cost, in units of the currency; null without conversions."
    )
    roas: Decimal | None = strawberry.field(
        description="What it brought for each unit that was spent; null where it cost nothing."
    )

    @classmethod
    def of(cls, sums: Sums, currency: str) -> "MarketingFigures":
        """The figures as data."""
        return cls(
            spend=ShownMoney(amount=spelled(sums.spend, currency), currency=currency),
            impressions=sums.impressions,
            clicks=sums.clicks,
            conversions=sums.conversions,
            revenue=ShownMoney(amount=spelled(sums.revenue, currency), currency=currency),
            ctr=sums.ctr,
            cpc=sums.cpc,
            cpa=sums.cpa,
            roas=sums.roas,
        )


@covered
@strawberry.type(
    description="Says what marketing cost and brought in a span of days, in all or in a group, in one currency."
)
class MarketingMetric:
    """A metric of marketing."""

    start: date = strawberry.field(description="The first day.")
    end: date = strawberry.field(description="The last day.")
    currency: str = strawberry.field(
        description="The currency, as a code of ISO 4217; others are added up by themselves."
    )
    channel: enum(MarketingChannel) | None = strawberry.field(  # type: ignore[valid-type]
        description="The channel; null of a total."
    )
    figures: MarketingFigures = strawberry.field(description="What it cost and brought.")
    before: MarketingFigures | None = strawberry.field(
        description="The same of as many days right before; null unless that is asked for."
    )
    number: strawberry.Private[int]
    account_id: strawberry.Private[UUID | None]
    campaign_id: strawberry.Private[UUID | None]

    @field("The account; null of a total and of a channel.", MarketingAccount | None, needs=READ)
    async def account(self, info: Info) -> object:
        id = self.account_id
        return None if id is None else await info.context.linked(MarketingAccounts, id)

    @field("The campaign; null unless they are grouped so.", MarketingCampaign | None, needs=READ)
    async def campaign(self, info: Info) -> object:
        id = self.campaign_id
        return None if id is None else await info.context.linked(MarketingCampaigns, id)

    @classmethod
    def of(cls, number: int, found: Metric) -> "MarketingMetric":
        """The metric as data."""
        return cls(
            number=number,
            start=found.span.start,
            end=found.span.end,
            currency=found.currency,
            channel=None if found.channel is None else MarketingChannel(found.channel),
            figures=MarketingFigures.of(found.sums, found.currency),
            before=None if found.before is None else MarketingFigures.of(found.before, found.currency),
            account_id=found.account_id,
            campaign_id=found.campaign_id,
        )


@strawberry.input(
    description="Says what is added up: the days of each account are those of its own time zone."
)
class MarketingMetricsFilter:
    """What is added up."""

    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description=f"The last day, of at most {_MOST_DAYS}.")
    account_ids: list[UUID] | None = strawberry.field(
        default=None, description=f"Only these accounts, at most {_MOST_IDS}."
    )
    campaign_ids: list[UUID] | None = strawberry.field(
        default=None, description=f"Only these campaigns, at most {_MOST_IDS}."
    )
    channels: list[enum(MarketingChannel)] | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Only these channels."
    )
    currency: str | None = strawberry.field(default=None, description="Only what is paid in this currency.")


class MarketingComparison(Enum):
    """With what figures are compared."""

    PERIOD_BEFORE = "period_before"


@strawberry.type
class Query:
    @field(
        "What marketing cost and brought, by span of days and by group, the most costly first. Sums "
        "of several currencies are never added up, so there may be a metric for each.",
        needs=READ,
    )
    async def marketing_metrics(
        self,
        info: Info,
        filter: Annotated[MarketingMetricsFilter, argument("What is added up.")],
        group_by: Annotated[
            enum(MarketingGroup),  # type: ignore[valid-type]
            argument("By what."),
        ] = MarketingGroup.TOTAL,
        interval: Annotated[
            enum(MarketingInterval) | None,  # type: ignore[valid-type]
            argument(
                "By days, weeks or months, cut off where the days begin and end; null: all days together."
            ),
        ] = None,
        compare_to: Annotated[
            enum(MarketingComparison) | None,  # type: ignore[valid-type]
            argument("With what they are compared; null: with nothing."),
        ] = None,
        first: First = None,
        after: FromCursor = None,
        after_position: After = None,
    ) -> ForwardConnection[MarketingMetric]:
        ask = info.context
        whole = _span(filter)
        for view in (DailyTotals, CampaignFacts):
            await ask.caught_up(view, after_position)
        found = await ask.port(MetricReader).metrics(
            ask.caller.tenant_id,
            MetricFilter(
                account_ids=filter.account_ids,
                campaign_ids=filter.campaign_ids,
                channels=None if filter.channels is None else [each.value for each in filter.channels],
                currency=filter.currency,
            ),
            spans(whole, interval),
            group_by,
            compared=compare_to is not None,
            limit=_MOST_METRICS + 1,
        )
        if len(found) > _MOST_METRICS:
            raise ClientError(
                f"These are more than {_MOST_METRICS} metrics: ask for fewer days, or for less of what there is.",
                code="BAD_USER_INPUT",
                argument="filter",
            )
        shown = [MarketingMetric.of(number, each) for number, each in enumerate(found)]
        name = f"metrics {filter} {group_by} {interval} {compare_to}"
        return await forward(
            ask,
            name,
            first,
            after,
            among(shown, key=lambda each: each.number),
            place=lambda each: each.number,
            of=int,
        )


@strawberry.type
class Subscription:
    marketing_metrics = _days.subscription(
        "What accounts cost and brought on a day, each time that it changes."
    )


def _span(filter: MarketingMetricsFilter) -> DaySpan:
    days = (filter.until - filter.since).days + 1
    if filter.since < EARLIEST or filter.until > LATEST or not 1 <= days <= _MOST_DAYS:
        raise ClientError(
            f"The days are 1 to {_MOST_DAYS}, from {EARLIEST} to {LATEST}.",
            code="BAD_USER_INPUT",
            argument="filter",
        )
    if max(len(filter.account_ids or ()), len(filter.campaign_ids or ())) > _MOST_IDS:
        raise ClientError(
            f"At most {_MOST_IDS} ids are looked for.", code="BAD_USER_INPUT", argument="filter"
        )
    return DaySpan(filter.since, filter.until)
