"""What campaigns cost and brought by the day, and the same added up by account."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.fields import Describe
from domain.kit.log import Envelope
from domain.kit.money.money import Currency
from domain.marketing.accounts import Channel
from domain.marketing.campaigns import AccountId, CampaignId, CampaignMonth, ImportId
from domain.marketing.figures import Clicks, Conversions, Day, DayFigures, Impressions, Revenue, Spend
from projections.kit.declare.folds import Key, on
from projections.kit.model import Id, Index, PostgresView, Row, UpdatedAt, replace


class CampaignFactRow(Row):
    """What a campaign cost and brought on a day."""

    campaign_id: CampaignId
    date: Day
    account_id: AccountId
    channel: Channel
    currency: Currency
    spend: Spend
    impressions: Impressions
    clicks: Clicks
    conversions: Conversions
    revenue: Revenue
    import_id: ImportId = None
    updated_at: UpdatedAt


def _days_of_campaign(event: CampaignMonth.Recorded, _: Envelope) -> list[Key]:
    return [(event.campaign_id, each.date) for each in event.days]


class CampaignFacts(
    PostgresView[CampaignFactRow],
    name="marketing.campaign_facts",
    version=1,
    key=("campaign_id", "date"),
):
    """What each campaign cost and brought on each day, as it was recorded last."""

    vast = True
    indexes = (
        Index("idx_campaign_facts_date", ("date", "campaign_id")),
        Index("idx_campaign_facts_account", ("account_id", "date")),
    )

    @on(CampaignMonth.Recorded, by=_days_of_campaign)
    def recorded(
        self, row: CampaignFactRow | None, event: CampaignMonth.Recorded, key: Key
    ) -> CampaignFactRow:
        _, day = key
        figures = next(each for each in event.days if each.date == day)
        return CampaignFactRow(
            campaign_id=event.campaign_id,
            date=day,
            account_id=event.account_id,
            channel=event.channel,
            currency=event.currency,
            spend=figures.spend,
            impressions=figures.impressions,
            clicks=figures.clicks,
            conversions=figures.conversions,
            revenue=figures.revenue,
            import_id=event.import_id,
            updated_at=event.timestamp,
        )


class DailyTotalsRow(Row):
    """What the campaigns of an account cost and brought on a day."""

    id: Id
    account_id: AccountId
    date: Day
    channel: Channel
    currency: Currency
    campaigns: Annotated[int, Describe("How many campaigns have figures of the day.")] = 0
    spend: Spend = Decimal(0)
    impressions: Annotated[int, Describe("How often they were shown.")] = 0
    clicks: Annotated[int, Describe("How often they were clicked on.")] = 0
    conversions: Conversions = Decimal(0)
    revenue: Revenue = Decimal(0)


@lru_cache(maxsize=4096)
def day_id(account_id: UUID, day: date) -> UUID:
    """The id of an account's day."""
    return uuid5(account_id, f"day {day}")


def _days_of_account(event: CampaignMonth.Recorded, _: Envelope) -> list[UUID]:
    return [day_id(event.account_id, each.date) for each in event.days]


class DailyTotals(PostgresView[DailyTotalsRow], name="marketing.daily_rollup", version=1):
    """What the campaigns of each account cost and brought on each day."""

    vast = True
    indexes = (
        Index("idx_daily_rollup_date", ("date", "id")),
        Index("idx_daily_rollup_account", ("account_id", "date", "id")),
    )

    @on(CampaignMonth.Recorded, by=_days_of_account)
    def recorded(
        self, row: DailyTotalsRow | None, event: CampaignMonth.Recorded, key: UUID
    ) -> DailyTotalsRow:
        new = next(each for each in event.days if day_id(event.account_id, each.date) == key)
        row = row or DailyTotalsRow(
            id=key,
            account_id=event.account_id,
            date=new.date,
            channel=event.channel,
            currency=event.currency,
        )
        row = _added(row, new, 1)
        old = next((each for each in event.replaced if each.date == new.date), None)
        return row if old is None else _added(row, old, -1)


def _added(row: DailyTotalsRow, figures: DayFigures, times: int) -> DailyTotalsRow:
    return replace(
        row,
        campaigns=row.campaigns + times,
        spend=row.spend + times * figures.spend,
        impressions=row.impressions + times * figures.impressions,
        clicks=row.clicks + times * figures.clicks,
        conversions=row.conversions + times * figures.conversions,
        revenue=row.revenue + times * figures.revenue,
    )
