"""The manifest of marketing among the views."""

from domain.marketing.access import READ
from domain.marketing.accounts import MarketingAccount
from domain.marketing.campaigns import MarketingCampaign
from domain.marketing.imports import MarketingImport
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown
from projections.marketing import accounts, figures, imports, metrics

CONTEXT = ContextViews(
    package=__name__,
    modules=(accounts, figures, imports),
    readers=(metrics.metric_reader,),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=MarketingAccount, view=accounts.MarketingAccounts, needs=READ),
            Shown(aggregate=MarketingImport, view=imports.MarketingImports, needs=READ),
            Shown(aggregate=MarketingCampaign, view=accounts.MarketingCampaigns, needs=READ),
        )
    ),
    not_exported={
        accounts.MarketingAccounts: "Says where a tenant advertises, and nothing of people.",
        accounts.MarketingCampaigns: "Says what a tenant advertises, and nothing of people.",
        figures.CampaignFacts: "Says what campaigns cost and brought, and nothing of people.",
        imports.MarketingImports: "Says what became of reports; who started an import stands in `activity_data`.",
        imports.MarketingImportErrors: "Says what reports say of campaigns, and nothing of people.",
        figures.DailyTotals: "Says what campaigns cost and brought, and nothing of people.",
    },
)
