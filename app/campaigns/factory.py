"""What the API and whoever sends ask of campaigns, in one database."""

from app.campaigns.choices import LoggedChoices
from app.campaigns.mailability import InlineMailability
from app.composition.write_side import WriteSide
from domain.kit.bus.repository import Repository
from projections.kit.read.postgres_reader import PostgresRows


def campaign_ports(writes: WriteSide, rows: PostgresRows) -> tuple[object, ...]:
    """What contacts choose, and whether they may be written to."""
    return (
        LoggedChoices(writes.bus, Repository(writes.log, writes.codec)),
        InlineMailability(rows),
    )
