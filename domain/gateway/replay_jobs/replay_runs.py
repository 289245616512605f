"""Runs of replay jobs: some dead letters at a time, each counted once over kills."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.gateway.replay_jobs.replay_jobs import (
    FailReplayJob,
    FinishReplayJob,
    NoteReplayProgress,
    ReplayJob,
)
from domain.gateway.replays import ChosenLetters
from domain.kit.commands import Command
from domain.kit.process.effects import Call, Then
from domain.kit.process.jobs import JobRun, JobState, Part
from domain.kit.process.process import on


@dataclass(frozen=True, kw_only=True)
class ReplayTerms:
    """A replay job as it was asked for."""

    job_id: UUID
    chosen: ChosenLetters
    started_by: UUID
    started_at: datetime
    """Letters of events that were received by then are replayed."""


State = JobState[ReplayTerms]


class ReplayedLetters(Protocol):
    """Replays the letters of jobs."""

    async def take(
        self, tenant_id: UUID, terms: ReplayTerms, progress: Mapping[str, int], *, again: bool
    ) -> Part:
        """Replay the letters that follow, and answer how far it is. ``again``: they may have been replayed before,
        by a try that was cut off; what it did is counted as this one's. Raises EffectRefused where whoever started
        the job may not replay any."""
        ...


class ReplayRun(JobRun[ReplayTerms], of=ReplayJob, name="gateway.replay_job", version=1):
    """Replay the dead letters that are chosen."""

    def __init__(self, letters: ReplayedLetters) -> None:
        self._letters = letters

    @on(ReplayJob.Started)
    def started(self, state: State | None, event: ReplayJob.Started) -> Then[State]:
        terms = ReplayTerms(
            job_id=event.originator_id,
            chosen=ChosenLetters(source_id=event.source_id, rule=event.rule, event_type=event.event_type),
            started_by=event.started_by,
            started_at=event.timestamp,
        )
        return self.begin(terms, event.timestamp)

    async def part(self, terms: ReplayTerms, call: Call[State], at: datetime) -> Part:
        assert call.state is not None
        again = call.attempt > 1 or call.state.again
        return await self._letters.take(call.tenant_id, terms, call.state.progress, again=again)

    def told(self, state: State) -> Command:
        counts = {name: state.progress.get(name, 0) for name in ("replayed", "rejected")}
        return NoteReplayProgress(id=state.terms.job_id, **counts)

    def finished(self, state: State) -> Command:
        return FinishReplayJob(id=state.terms.job_id)

    def failed(self, state: State, error: str) -> Command:
        return FailReplayJob(id=state.terms.job_id, error=error[:100])
