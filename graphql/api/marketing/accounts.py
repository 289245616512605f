"""Accounts of marketing and their campaigns, and figures as they are said by themselves."""

import strawberry

from api.kit.model import Node, Resource, linked, shows
from domain.marketing import accounts as domain
from domain.marketing.access import READ, WRITE
from domain.marketing.campaigns import RecordMarketingFigures
from projections.marketing.accounts import (
    MarketingAccountRow,
    MarketingAccounts,
    MarketingCampaignRow,
    MarketingCampaigns,
)


@shows(MarketingAccountRow, needs=READ)
class MarketingAccount(Node):
    """Where a tenant pays for its marketing."""


@shows(MarketingCampaignRow, needs=READ, leave_out=("account_id",))
class MarketingCampaign(Node):
    """A campaign of an account."""

    account = linked(MarketingAccount, MarketingAccounts, "account_id", "The account that pays for it.")


_accounts = Resource(MarketingAccount, MarketingAccounts, read=READ, write=WRITE)
_campaigns = Resource(MarketingCampaign, MarketingCampaigns, read=READ)
_campaigns.filter(also=("account_id",))


@strawberry.type
class Query:
    marketing_account = _accounts.by_id("An account of marketing by id.")
    marketing_accounts = _accounts.list("Accounts of marketing, by pages.")
    marketing_campaign = _campaigns.by_id("A campaign of an account by id.")
    marketing_campaigns = _campaigns.list("Campaigns of accounts, by pages.")


@strawberry.type
class Mutation:
    open_marketing_account = _accounts.mutation(domain.OpenMarketingAccount)
    rename_marketing_account = _accounts.mutation(domain.RenameMarketingAccount)
    record_marketing_figures = _accounts.mutation(
        RecordMarketingFigures, leave_out=("import_id", "rows", "file_id")
    )


@strawberry.type
class Subscription:
    marketing_account_changed = _accounts.subscription("Every change of accounts, as it happens.")
    marketing_campaign_changed = _campaigns.subscription("Every change of campaigns, as it happens.")
