"""What the API and whoever sends ask of campaigns, in one database."""

from app.campaigns.choices import LoggedChoices
from app.campaigns.delivery import ContactSending, NoSending
from app.campaigns.mail_contents import CampaignContents
from app.campaigns.mailability import InlineMailability
from app.campaigns.sender_proofs import SenderProofs
from app.composition.write_side import WriteSide
from app.mail.factory import create_bulk_mailer
from app.settings import Settings
from domain.campaigns.mailings.campaign_runs import CampaignSending
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.clock import Clock, SystemClock
from domain.kit.sealed import Opening
from domain.processes.contacts.subscription_mails import SubscriptionLinks
from projections.kit.read.postgres_reader import PostgresRows


def campaign_ports(writes: WriteSide, rows: PostgresRows) -> tuple[object, ...]:
    """What contacts choose, whether they may be written to, and which senders are verified."""
    repository = Repository(writes.log, writes.codec)
    return (
        LoggedChoices(writes.bus, repository),
        SenderProofs(writes.bus, repository, SystemClock()),
        InlineMailability(rows),
    )


def campaign_sending(
    settings: Settings,
    *,
    bus: Bus,
    repository: Repository,
    opening: Opening,
    rows: PostgresRows | None,
    links: SubscriptionLinks,
    clock: Clock,
) -> CampaignSending:
    """What sends campaigns in a worker; nothing where it reads no views."""
    if rows is None:
        return NoSending()
    contents = CampaignContents(repository, rows, opening, links)
    mailer = create_bulk_mailer(settings, clock)
    return ContactSending(bus, repository, rows, InlineMailability(rows), contents, mailer, clock)
