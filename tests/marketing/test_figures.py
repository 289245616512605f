"""What campaigns cost and brought: the rules, and what the views make of it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.kit.refusals import Invalid
from domain.kit.scenario import given, on
from domain.marketing.accounts import MarketingAccount, MarketingChannel
from domain.marketing.campaigns import CampaignMonth, MarketingCampaign, RecordMarketingFigures
from domain.marketing.figures import CampaignFigures, DayFigures, campaign_id, month_id
from projections.marketing.figures import CampaignFacts, DailyTotals
from tests.kit.folding import folded

ACCOUNT = UUID(int=7)
OPENED = MarketingAccount.Opened(
    channel=MarketingChannel.GOOGLE_ADS, name="Ads", currency="EUR", zone="Pacific/Auckland"
)
FIRST, SECOND = date(2029, 11, 30), date(2029, 12, 1)
SPRING = campaign_id(ACCOUNT, "spring")
NOVEMBER, DECEMBER = month_id(SPRING, FIRST), month_id(SPRING, SECOND)
FOUND = MarketingCampaign.Found(
    account_id=ACCOUNT, channel=MarketingChannel.GOOGLE_ADS, key="spring", name="Spring"
)
SPENT = DayFigures(
    date=FIRST,
    spend=Decimal("12.50"),
    impressions=1000,
    clicks=20,
    conversions=Decimal("1.5"),
    revenue=Decimal("40.00"),
)


def said(figures: DayFigures, **changed: object) -> CampaignFigures:
    """The figures as a client says them of the campaign."""
    values = {**vars(figures), "campaign": "spring", "name": "Spring", **changed}
    return CampaignFigures(**values)


def recorded(*days: DayFigures, replaced: tuple[DayFigures, ...] = ()) -> CampaignMonth.Recorded:
    """What is recorded of the campaign."""
    return CampaignMonth.Recorded(
        account_id=ACCOUNT,
        campaign_id=SPRING,
        channel=MarketingChannel.GOOGLE_ADS,
        currency="EUR",
        days=days,
        replaced=replaced,
    )


def record(*figures: CampaignFigures) -> RecordMarketingFigures:
    """The command."""
    return RecordMarketingFigures(id=ACCOUNT, figures=figures)


def test_a_campaign_is_known_with_its_first_figures_and_each_month_keeps_its_days() -> None:
    next_month = replace(SPENT, date=SECOND)
    given(OPENED).when(record(said(SPENT), said(next_month))).then(
        FOUND, recorded(SPENT), recorded(next_month)
    )


def test_figures_of_a_day_replace_those_before_and_the_same_change_nothing() -> None:
    more = replace(SPENT, spend=Decimal("13.00"))
    known = given(OPENED, on(SPRING, FOUND), on(NOVEMBER, recorded(SPENT)))
    known.when(record(said(SPENT, spend=Decimal("12.5"), conversions=Decimal("1.50")))).then()
    known.when(record(said(more, name=""))).then(recorded(more, replaced=(SPENT,)))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"spend": Decimal("-0.01")}, "spend"),
        ({"spend": Decimal("0.001")}, "spend"),
        ({"revenue": Decimal("NaN")}, "revenue"),
        ({"clicks": 1001}, "clicks"),
        ({"conversions": Decimal("0.0000001")}, "conversions"),
        ({"campaign": " "}, "campaign"),
        # It is already the second of January in Auckland, and the third is yet to come.
        ({"date": date(2030, 1, 3)}, "date"),
        ({"date": date(1999, 12, 31)}, "date"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(changed: dict[str, object], field: str) -> None:
    scenario = given(OPENED).when(record(said(SPENT), said(replace(SPENT, date=SECOND), **changed)))
    scenario.refused(Invalid)
    assert scenario.refusal is not None
    assert scenario.refusal.violations[0].path == ("figures", 1, field)


def test_a_day_of_an_account_begins_in_its_own_zone() -> None:
    given(OPENED).when(record(said(SPENT, date=date(2030, 1, 2)))).then(
        FOUND, recorded(replace(SPENT, date=date(2030, 1, 2)))
    )


def test_a_day_is_said_once() -> None:
    given(OPENED).when(record(said(SPENT), said(SPENT))).refused(Invalid, field="figures")


def test_facts_hold_what_was_recorded_last_and_totals_add_them_up() -> None:
    other = campaign_id(ACCOUNT, "autumn")
    less = replace(SPENT, spend=Decimal("2.25"), clicks=3)
    history = (
        on(NOVEMBER, recorded(SPENT), recorded(less, replaced=(SPENT,))),
        on(month_id(other, FIRST), replace_campaign(recorded(SPENT), other)),
    )
    facts = folded(CampaignFacts(), *history)
    assert {key: row.spend for key, row in facts.items()} == {
        (SPRING, FIRST): Decimal("2.25"),
        (other, FIRST): Decimal("12.50"),
    }
    [total] = folded(DailyTotals(), *history).values()
    assert (total.campaigns, total.spend, total.clicks, total.conversions) == (
        2,
        Decimal("14.75"),
        23,
        Decimal("3.0"),
    )


def replace_campaign(event: CampaignMonth.Recorded, campaign: UUID) -> CampaignMonth.Recorded:
    """The same of another campaign."""
    return CampaignMonth.Recorded(
        account_id=ACCOUNT,
        campaign_id=campaign,
        channel=event.channel,
        currency=event.currency,
        days=event.days,
        replaced=event.replaced,
    )
