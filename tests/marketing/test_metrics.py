"""What marketing cost and brought, as clients ask for it."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from projections.marketing.metrics import DaySpan, MarketingInterval, spans
from tests.kit.client import Client

DAY = date(2026, 3, 1)


async def opened(client: Client, name: str, channel: str = "GOOGLE_ADS", currency: str = "EUR") -> str:
    """The id of a new account."""
    input = {"name": name, "channel": channel, "currency": currency, "zone": "Europe/Prague"}
    receipt = await client.send("OpenMarketingAccount", input=input)
    return str(receipt["marketingAccount"]["id"])


def figures(campaign: str, day: date, spend: str, **more: Any) -> dict[str, Any]:
    """Figures as a client says them."""
    return {"campaign": campaign, "date": day.isoformat(), "spend": spend, **more}


async def recorded(client: Client, account: str, *given: dict[str, Any]) -> int:
    """The position of figures that are recorded."""
    input = {"id": account, "figures": list(given)}
    receipt = await client.send("RecordMarketingFigures", input=input)
    return int(receipt["position"])


async def asked(client: Client, after: int, days: int = 14, **more: Any) -> list[dict[str, Any]]:
    """The metrics of days from the first one on."""
    until = DAY + timedelta(days=days - 1)
    filter = {"since": DAY.isoformat(), "until": until.isoformat(), **more.pop("filter", {})}
    found = await client.send("MarketingMetrics", filter=filter, afterPosition=after, **more)
    return list(found["nodes"])


async def test_groups_add_up_to_the_total_and_currencies_stay_apart(client: Client) -> None:
    ads, meta, dollars = (
        await opened(client, "Ads"),
        await opened(client, "Meta", "META"),
        await opened(client, "Dollars", "META", "USD"),
    )
    after = 0
    for account, (campaign, number) in product((ads, meta, dollars), (("a", 1), ("b", 2))):
        given = [
            figures(
                campaign,
                DAY + timedelta(days=day),
                f"{number}.{day:02}",
                impressions=100 * day,
                clicks=day,
                conversions="0.5",
                revenue="3.10",
            )
            for day in range(20)
        ]
        after = await recorded(client, account, *given)
    [euros, usd] = await asked(client, after)
    assert (euros["currency"], usd["currency"]) == ("EUR", "USD")
    assert euros["figures"]["spend"] == {"amount": "87.64", "currency": "EUR"}
    for group in ("CHANNEL", "ACCOUNT", "CAMPAIGN"):
        found = await asked(client, after, groupBy=group, filter={"currency": "EUR"})
        for name in ("impressions", "clicks", "conversions"):
            total = sum(Decimal(each["figures"][name]) for each in found)
            assert total == Decimal(euros["figures"][name]), (group, name)
        spent = sum(Decimal(each["figures"]["spend"]["amount"]) for each in found)
        assert spent == Decimal(euros["figures"]["spend"]["amount"])
    # A channel as a part of all is the channel as a filter.
    by_channel = await asked(client, after, groupBy="CHANNEL", filter={"currency": "EUR"})
    for part in by_channel:
        [alone] = await asked(client, after, filter={"currency": "EUR", "channels": [part["channel"]]})
        assert alone["figures"] == part["figures"]
    campaigns = await client.send("MarketingCampaigns", filter={"accountId": {"eq": ads}}, first=1)
    campaign = campaigns["edges"][0]["node"]
    [alone] = await asked(client, after, filter={"campaignIds": [campaign["id"]]})
    [part] = [
        each
        for each in await asked(client, after, groupBy="CAMPAIGN", filter={"accountIds": [ads]})
        if each["campaign"]["id"] == campaign["id"]
    ]
    assert alone["figures"] == part["figures"]


async def test_figures_of_a_day_are_replaced_and_ratios_of_nothing_are_null(client: Client) -> None:
    account = await opened(client, "Ads")
    before = await recorded(client, account, figures("a", DAY, "10.00", impressions=3, clicks=3))
    again = await recorded(client, account, figures("a", DAY, "10.0", impressions=3, clicks=3))
    assert again == before
    after = await recorded(client, account, figures("a", DAY, "0"))
    [found] = await asked(client, after, days=1)
    assert found["figures"] == {
        "spend": {"amount": "0.00", "currency": "EUR"},
        "revenue": {"amount": "0.00", "currency": "EUR"},
        "impressions": "0",
        "clicks": "0",
        "conversions": "0",
        "ctr": None,
        "cpc": None,
        "cpa": None,
        "roas": None,
    }


async def test_a_span_is_compared_with_as_many_days_before_it(client: Client) -> None:
    account = await opened(client, "Ads")
    days = [figures("a", DAY + timedelta(days=day), f"{day + 8}.00") for day in range(-7, 14)]
    after = await recorded(client, account, *days)
    weeks = await asked(client, after, interval="WEEK", compareTo="PERIOD_BEFORE")
    # The first of March 2026 is a Sunday.
    assert [(each["start"], each["end"]) for each in weeks] == [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-02", "2026-03-08"),
        ("2026-03-09", "2026-03-14"),
    ]
    amounts = [(each["figures"]["spend"]["amount"], each["before"]["spend"]["amount"]) for each in weeks]
    assert amounts == [("8.00", "7.00"), ("84.00", "35.00"), ("111.00", "75.00")]
    [whole] = await asked(client, after, days=7, compareTo="PERIOD_BEFORE")
    assert whole["before"]["spend"]["amount"] == "28.00"


async def test_others_and_guests_see_none_of_it(product: Any, client: Client) -> None:
    account = await opened(client, "Ads")
    after = await recorded(client, account, figures("a", DAY, "1.00"))
    other = await product.newcomer("Eve")
    assert await asked(other, after) == []
    refused = await other.send(
        "RecordMarketingFigures", input={"id": account, "figures": [figures("a", DAY, "2.00")]}
    )
    assert refused["code"] == "not_found"


def test_spans_are_cut_off_at_both_ends() -> None:
    whole = DaySpan(date(2028, 2, 10), date(2028, 4, 2))
    assert spans(whole, MarketingInterval.MONTH) == [
        DaySpan(date(2028, 2, 10), date(2028, 2, 29)),
        DaySpan(date(2028, 3, 1), date(2028, 3, 31)),
        DaySpan(date(2028, 4, 1), date(2028, 4, 2)),
    ]
    assert len(spans(whole, MarketingInterval.DAY)) == 53
    assert spans(whole, None) == [whole]
