"""The manifest of marketing among the views."""

from domain.marketing.access import READ
from domain.marketing.accounts import MarketingAccount
from domain.marketing.campaigns import MarketingCampaign
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown
from projections.marketing import accounts, figures, metrics

CONTEXT = ContextViews(
    package=__name__,
    modules=(accounts, figures),
    readers=(metrics.metric_reader,),
    visibility=ContextVisibility(
        shown=(
            Shown(aggregate=MarketingAccount, view=accounts.MarketingAccounts, needs=READ),
            Shown(aggregate=MarketingCampaign, view=accounts.MarketingCampaigns, needs=READ),
        )
    ),
    not_exported={
        accounts.MarketingAccounts: "Says where a tenant advertises, and nothing of people.",
        accounts.MarketingCampaigns: "Says what a tenant advertises, and nothing of people.",
        figures.CampaignFacts: "Says what campaigns cost and brought, and nothing of people.",
        figures.DailyTotals: "Says what campaigns cost and brought, and nothing of people.",
    },
)
