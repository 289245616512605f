"""How far campaigns are: recipients, and what became of their mails, counted."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from domain.campaigns.mailings.mailings import CampaignId, Mailing, MailResult
from domain.kit.fields import Describe, Internal
from domain.kit.ids import id_from
from domain.kit.log import Envelope
from projections.kit.declare.folds import on
from projections.kit.model import Id, Index, PostgresView, Row, UpdatedAt, replace


class CampaignMetricsRow(Row):
    """The counts of a campaign."""

    id: Id
    campaign_id: CampaignId
    recipients: Annotated[int, Internal(), Describe("To how many it is sent.")] = 0
    sent: Annotated[int, Internal(), Describe("Mails that the mail server has taken.")] = 0
    refused: Annotated[int, Internal(), Describe("Mails that the mail server will never take.")] = 0
    skipped: Annotated[int, Internal(), Describe("Mails that were not sent, as they may not be.")] = 0
    unknown: Annotated[
        int, Internal(), Describe("Mails of which it is not known whether they left, after a stop.")
    ] = 0
    updated_at: UpdatedAt


def metrics_id(campaign_id: UUID) -> UUID:
    """The id of a campaign's counts."""
    return id_from(campaign_id, "metrics")


def _counts(event: Mailing.Frozen | Mailing.HandedOver, _: Envelope) -> UUID:
    return metrics_id(event.campaign_id)


class CampaignMetrics(PostgresView[CampaignMetricsRow], name="campaigns.campaign_metrics", version=1):
    """The counts of every campaign that was started and has recipients."""

    indexes = (Index("idx_campaign_metrics_updated_at", ("updated_at", "id")),)

    @on(Mailing.Frozen, by=_counts)
    def frozen(self, row: CampaignMetricsRow | None, event: Mailing.Frozen, key: UUID) -> CampaignMetricsRow:
        row = row or CampaignMetricsRow(id=key, campaign_id=event.campaign_id, updated_at=event.timestamp)
        return replace(row, recipients=row.recipients + len(event.recipients), updated_at=event.timestamp)

    @on(Mailing.HandedOver, by=_counts)
    def handed_over(self, row: CampaignMetricsRow, event: Mailing.HandedOver) -> CampaignMetricsRow:
        results = Counter(each.result for each in event.hand_overs)
        return replace(
            row,
            sent=row.sent + results[MailResult.SENT],
            refused=row.refused + results[MailResult.REFUSED],
            skipped=row.skipped + results[MailResult.SKIPPED],
            unknown=row.unknown + results[MailResult.UNKNOWN],
            updated_at=event.timestamp,
        )
