"""Campaigns that start by themselves: each at the moment that was set last, if it is still scheduled then."""

from dataclasses import dataclass
from uuid import UUID

from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.commands import StartScheduledCampaign, UnscheduleCampaign
from domain.campaigns.campaigns.states import CampaignNotScheduled
from domain.kit.events import Event
from domain.kit.process.effects import Cancel, Failed, Fired, Schedule, Send, Then
from domain.kit.process.process import Process, on, when_due, when_failed

_TIMER = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A campaign that is scheduled."""

    campaign_id: UUID


class CampaignStarts(Process[Waiting], name="campaigns.starts", version=1):
    """Starts scheduled campaigns; one whose moment passed while nobody was at work, late rather than never."""

    @on(Campaign.Scheduled)
    def scheduled(self, state: Waiting | None, event: Campaign.Scheduled) -> Then[Waiting]:
        return Then(Waiting(campaign_id=event.originator_id), Schedule(_TIMER, event.starts_at))

    @on(Campaign.Unscheduled, Campaign.Started, Campaign.Cancelled)
    def over(self, state: Waiting | None, event: Event) -> Then[Waiting]:
        return Then(None, Cancel(_TIMER)) if state else Then(None)

    @when_due(_TIMER)
    def due(self, state: Waiting | None, fired: Fired) -> Then[Waiting]:
        if state is None:
            return Then(None)
        return Then(state, Send(StartScheduledCampaign(id=state.campaign_id, starts_at=fired.due_at)))

    @when_failed(StartScheduledCampaign)
    def not_started(self, state: Waiting | None, failed: Failed[StartScheduledCampaign]) -> Then[Waiting]:
        """Its sender is gone, or somebody has changed it meanwhile; where that is not known, its events say it."""
        gone = failed.certain and failed.error != CampaignNotScheduled.code
        return Then(state, Send(UnscheduleCampaign(id=failed.action.id))) if gone else Then(state)

    @when_failed(UnscheduleCampaign)
    def not_unscheduled(self, state: Waiting | None, failed: Failed[UnscheduleCampaign]) -> Then[Waiting]:
        return Then(state)
