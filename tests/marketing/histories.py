"""What a company of the demo has of marketing in tests that need some of everything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from domain.kit.commands import Command
from domain.kit.imports.file_forms import FileFormat
from domain.marketing.accounts import MarketingChannel, OpenMarketingAccount
from domain.marketing.campaigns import RecordMarketingFigures
from domain.marketing.figures import CampaignFigures
from domain.marketing.imports import (
    NEEDED,
    FigureColumn,
    FinishMarketingImport,
    NoteMarketingImport,
    NoteRefusedRows,
    RefusedRow,
    StartMarketingImport,
)
from projections.marketing.figures import day_id
from tests.kit.client import Client
from tests.marketing.test_metrics import figures, opened, recorded


def of_marketing() -> Sequence[Command]:
    """An account whose day is recorded twice, and a report whose one row is refused."""
    account, report, day = uuid4(), uuid4(), date(2026, 3, 1)
    figures = CampaignFigures(campaign="spring", date=day, spend=Decimal("12.50"), impressions=9, clicks=2)
    return (
        OpenMarketingAccount(
            id=account, channel=MarketingChannel.META, name="Ads", currency="EUR", zone="Europe/Prague"
        ),
        RecordMarketingFigures(id=account, figures=(figures,)),
        RecordMarketingFigures(id=account, figures=(replace(figures, spend=Decimal("13.75"), clicks=3),)),
        StartMarketingImport(
            id=report,
            account_id=account,
            file_id=uuid4(),
            file_name="report.csv",
            file_size=9,
            format=FileFormat.CSV,
            currency="EUR",
            zone="Europe/Prague",
            columns=tuple(FigureColumn(member=member, column=member.value) for member in NEEDED),
        ),
        NoteRefusedRows(
            id=report,
            refused=(
                RefusedRow(number=1, line=2, heading="spend", value="x", reason="It is no number.", text="x"),
            ),
        ),
        NoteMarketingImport(id=report, done=9, rows=1, taken=0, repeated=0, refused=1, warned=0, totals=0),
        FinishMarketingImport(id=report),
    )


async def nodes_of_marketing(client: Client) -> dict[str, str]:
    """The id of one object of each type that clients make."""
    account, day = await opened(client, "Ads"), date(2026, 3, 1)
    after = await recorded(client, account, figures("spring", day, "12.50"))
    listed = await client.send("MarketingCampaigns", afterPosition=str(after))
    return {
        "MarketingAccount": account,
        "MarketingCampaign": listed["edges"][0]["node"]["id"],
        "MarketingDay": str(day_id(UUID(account), day)),
    }
