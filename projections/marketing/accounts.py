"""Accounts of marketing and their campaigns, as people read them."""

from domain.kit.money.money import Currency
from domain.marketing.accounts import AccountName, AccountZone, Channel, MarketingAccount
from domain.marketing.campaigns import AccountId, MarketingCampaign
from domain.marketing.figures import CampaignKey, CampaignName
from projections.kit.declare.folds import carried
from projections.kit.model import CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class MarketingAccountRow(Row):
    """Where a tenant pays for its marketing."""

    id: Id
    channel: Channel
    name: AccountName
    currency: Currency
    zone: AccountZone
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class MarketingAccounts(PostgresView[MarketingAccountRow], name="marketing.accounts", version=1, inline=True):
    """Every account."""

    collated = {"name": ("name",)}
    indexes = (
        Index("idx_marketing_accounts_name", ("name_order", "id")),
        Index("idx_marketing_accounts_created_at", ("created_at", "id")),
    )

    opened = carried(MarketingAccount.Opened, first=True)
    renamed = carried(MarketingAccount.Renamed)


class MarketingCampaignRow(Row):
    """A campaign of an account."""

    id: Id
    account_id: AccountId
    channel: Channel
    key: CampaignKey
    name: CampaignName
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class MarketingCampaigns(PostgresView[MarketingCampaignRow], name="marketing.campaigns", version=1):
    """Every campaign of which figures were recorded."""

    words = ("name",)
    collated = {"name": ("name",)}
    indexes = (
        Index("idx_marketing_campaigns_name", ("name_order", "id")),
        Index("idx_marketing_campaigns_account", ("account_id", "name_order", "id")),
        Index("idx_marketing_campaigns_created_at", ("created_at", "id")),
        Index("idx_marketing_campaigns_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    found = carried(MarketingCampaign.Found, first=True)
    renamed = carried(MarketingCampaign.Renamed)
