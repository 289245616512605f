"""Runs of campaigns: recipients are frozen, and mailings handed over one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.campaigns.campaigns.campaigns import Campaign
from domain.campaigns.campaigns.commands import CompleteCampaign, PauseCampaign
from domain.campaigns.campaigns.terms import PauseReason
from domain.kit.commands import Command
from domain.kit.process.effects import Call, Failed, Then
from domain.kit.process.jobs import JobRun, JobState, Part
from domain.kit.process.process import on, when_failed


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTerms:
    """What a run is about."""

    campaign_id: UUID


State = JobState[CampaignTerms]


class CampaignSending(Protocol):
    """Freezes recipients, and hands mails over."""

    async def freeze(self, tenant_id: UUID, campaign_id: UUID, progress: Mapping[str, int]) -> Part:
        """Freeze recipients that follow on those that are frozen. Called again, it goes on where it was."""
        ...

    async def deliver(
        self, tenant_id: UUID, campaign_id: UUID, progress: Mapping[str, int], at: datetime
    ) -> Part:
        """Hand the mails of the next mailing over that are not yet, unless the campaign is not sending any more.
        Raises EffectRefused, with a word, where the campaign cannot go on."""
        ...


class CampaignRun(JobRun[CampaignTerms], of=Campaign, name="campaigns.sending", version=1):
    """Send a campaign."""

    def __init__(self, sending: CampaignSending) -> None:
        self._sending = sending

    @on(Campaign.Started)
    def started(self, state: State | None, event: Campaign.Started) -> Then[State]:
        return self.begin(CampaignTerms(campaign_id=event.originator_id), event.timestamp)

    async def part(self, terms: CampaignTerms, call: Call[State], at: datetime) -> Part:
        assert call.state is not None
        progress = call.state.progress
        if "mailings" not in progress:
            return await self._sending.freeze(call.tenant_id, terms.campaign_id, progress)
        return await self._sending.deliver(call.tenant_id, terms.campaign_id, progress, at)

    @when_failed(PauseCampaign, CompleteCampaign)
    def settled_before(
        self, state: State | None, failed: Failed[PauseCampaign] | Failed[CompleteCampaign]
    ) -> Then[State]:
        """Somebody has paused or cancelled it just now."""
        return Then(state)

    def finished(self, state: State) -> Command:
        return CompleteCampaign(id=state.terms.campaign_id)

    def failed(self, state: State, error: str) -> Command:
        return PauseCampaign(id=state.terms.campaign_id, reason=PauseReason.FAILED)
