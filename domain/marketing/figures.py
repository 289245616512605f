"""Figures: what a campaign cost and brought on a day."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.fields import Authored, Describe, Internal, Interval, Len, Requires
from domain.kit.model import ONE_LINE, Invalid
from domain.kit.money.money import money, require_amount
from domain.kit.refusals import ViolationCode
from domain.marketing.accounts import MarketingAccount

LARGEST_COUNT = 2**31 - 1
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
"""Before it nothing was advertised as it is today: such a day is a mistake."""
_PLACES = 6


def require_conversions(conversions: Decimal) -> None:
    """Raise Invalid for what is no number of conversions."""
    exponent = conversions.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= conversions <= LARGEST_COUNT:
        raise _wrong(f"must be from 0 to {LARGEST_COUNT}", ViolationCode.OUT_OF_RANGE)
    if not -_PLACES <= exponent <= 0:
        raise _wrong(f"has more than {_PLACES} decimal places", ViolationCode.FORMAT)


def _wrong(reason: str, why: ViolationCode) -> Invalid:
    return Invalid(field=None, reason=reason, why=why)


CampaignKey = Annotated[
    str,
    Len(1, 200),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("The campaign's id in its account; where the account has none, its name."),
]
CampaignName = Annotated[
    str, Len(0, 300), ONE_LINE, Internal(), Authored(), Describe("What the campaign is called.")
]
Day = Annotated[date, Internal(), Describe("The day, in the account's time zone.")]
Spend = Annotated[
    Decimal, Requires(require_amount), Internal(), Describe("What it cost, in units of the currency.")
]
Impressions = Annotated[
    int, Interval(ge=0, le=LARGEST_COUNT), Internal(), Describe("How often it was shown.")
]
Clicks = Annotated[
    int, Interval(ge=0, le=LARGEST_COUNT), Internal(), Describe("How often it was clicked on.")
]
Conversions = Annotated[
    Decimal,
    Requires(require_conversions),
    Internal(),
    Describe("How often it led to what it is for; parts of conversions are counted by some channels."),
]
Revenue = Annotated[
    Decimal, Requires(require_amount), Internal(), Describe("What it brought, in units of the currency.")
]


@dataclass(frozen=True, kw_only=True)
class DayFigures:
    """What a campaign cost and brought on a day."""

    date: Day
    spend: Spend
    impressions: Impressions = 0
    clicks: Clicks = 0
    conversions: Conversions = Decimal(0)
    revenue: Revenue = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class CampaignFigures(DayFigures):
    """The same, with the campaign as its account knows it."""

    campaign: CampaignKey
    name: CampaignName = ""

    def of_day(self, currency: str) -> DayFigures:
        """The figures alone, spelled as the currency is. Raises Invalid, about a field of these."""
        if not self.campaign.strip():
            raise Invalid(field="campaign", reason="must not be blank", why=ViolationCode.REQUIRED)
        if self.clicks > self.impressions:
            reason = f"must not be more than the {self.impressions} impressions"
            raise Invalid(
                field="clicks", reason=reason, why=ViolationCode.TOO_LARGE, maximum=self.impressions
            )
        return DayFigures(
            date=self.date,
            spend=money(self.spend, currency, field="spend").amount,
            impressions=self.impressions,
            clicks=self.clicks,
            conversions=self.conversions.normalize() + Decimal(0),
            revenue=money(self.revenue, currency, field="revenue").amount,
        )


def checked(figures: CampaignFigures, account: MarketingAccount, now: datetime) -> DayFigures:
    """The figures as they are recorded of an account. Raises Invalid, about a field of these."""
    if figures.date > account.today(now):
        raise Invalid(
            field="date", reason=f"has not come yet in {account.zone}", why=ViolationCode.OUT_OF_RANGE
        )
    if figures.date < EARLIEST:
        raise Invalid(field="date", reason=f"must not be before {EARLIEST}", why=ViolationCode.OUT_OF_RANGE)
    return figures.of_day(account.currency)


def campaign_id(account_id: UUID, key: str) -> UUID:
    """The id of a campaign: the same wherever its account names it."""
    return uuid5(account_id, f"campaign {key.strip()}")


def month_id(campaign: UUID, day: date) -> UUID:
    """The id of a campaign's month."""
    return uuid5(campaign, f"{day:%Y-%m}")
