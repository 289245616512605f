"""What a company of the demo has of marketing in tests that need some of everything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

from domain.kit.commands import Command
from domain.marketing.accounts import MarketingChannel, OpenMarketingAccount
from domain.marketing.campaigns import RecordMarketingFigures
from domain.marketing.figures import CampaignFigures


def of_marketing() -> Sequence[Command]:
    """An account whose day is recorded twice."""
    account, day = uuid4(), date(2026, 3, 1)
    figures = CampaignFigures(campaign="spring", date=day, spend=Decimal("12.50"), impressions=9, clicks=2)
    return (
        OpenMarketingAccount(
            id=account, channel=MarketingChannel.META, name="Ads", currency="EUR", zone="Europe/Prague"
        ),
        RecordMarketingFigures(id=account, figures=(figures,)),
        RecordMarketingFigures(id=account, figures=(replace(figures, spend=Decimal("13.75"), clicks=3),)),
    )
