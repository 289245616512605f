"""Accounts: where a tenant pays for its marketing, each of one channel, currency and time zone."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from domain.kit.fields import Authored, Describe, Internal, Len, Requires
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Unique, assigns
from domain.kit.money.money import Currency
from domain.kit.process.zones import require_zone


class MarketingChannel(StrEnum):
    """How a tenant reaches people."""

    GOOGLE_ADS = "google_ads"
    META = "meta"
    LINKEDIN = "linkedin"
    MICROSOFT_ADS = "microsoft_ads"
    TIKTOK = "tiktok"
    EMAIL = "email"
    OTHER = "other"


Channel = Annotated[MarketingChannel, Internal(), Describe("How it reaches people.")]
AccountName = Annotated[
    str, Len(1, 200), ONE_LINE, Internal(), Authored(), Describe("What the account is called.")
]
AccountZone = Annotated[
    str,
    Len(1, 50),
    Requires(require_zone),
    Internal(),
    Describe("The time zone in which its days begin and end, as `Europe/Prague`."),
]


class MarketingAccount(Aggregate, topic="marketing.account", unique=(Unique("name", fold=str.casefold),)):
    """An account of a channel. Channel, currency and zone never change: what is recorded is in them."""

    class Opened(Event):
        channel: Channel
        name: AccountName
        currency: Currency
        zone: AccountZone

    class Renamed(Event):
        name: AccountName

    channel: MarketingChannel
    name: str
    currency: str
    zone: str

    changed = assigns(Opened, Renamed)

    def today(self, now: datetime) -> date:
        """The day that it is there."""
        return now.astimezone(ZoneInfo(self.zone)).date()


class OpenMarketingAccount(Command):
    """Keep the figures of an account of a channel."""

    channel: Channel
    name: AccountName
    currency: Currency
    zone: AccountZone = "UTC"

    def handle(self) -> MarketingAccount:
        opened = MarketingAccount.Opened(
            channel=self.channel, name=self.name.strip(), currency=self.currency, zone=self.zone
        )
        return MarketingAccount.begin(self.id, opened)


class RenameMarketingAccount(Command):
    """Call an account something else."""

    name: AccountName

    def handle(self, account: MarketingAccount) -> None:
        if (name := self.name.strip()) != account.name:
            account.record(MarketingAccount.Renamed(name=name))
