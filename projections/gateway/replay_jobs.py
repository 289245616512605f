"""Replay jobs as people read them, in the append's own transaction: what is over is never taken for going."""

from datetime import datetime
from typing import Annotated

from domain.gateway.replay_jobs.replay_jobs import (
    Chosen,
    OfRule,
    OfSource,
    OfType,
    Rejected,
    Replayed,
    ReplayJob,
    ReplayStarter,
)
from domain.kit.fields import Describe, Len
from domain.kit.process.jobs import JobStatus
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import Check, Id, Index, PostgresView, Row, UpdatedAt, Version


class ReplayJobRow(Row):
    """Dead letters that are replayed one after the other."""

    id: Id
    source_id: OfSource
    rule: OfRule
    event_type: OfType
    matched: Chosen
    started_by: ReplayStarter
    status: Annotated[JobStatus, Describe("How it stands.")] = JobStatus.RUNNING
    error: Annotated[str | None, Len(max_length=100), Describe("Why it failed, in a word.")] = None
    replayed: Replayed = 0
    rejected: Rejected = 0
    started_at: Annotated[datetime, Describe("When it was started.")]
    ended_at: Annotated[datetime | None, Describe("When it finished, failed or was cancelled.")] = None
    updated_at: UpdatedAt
    version: Version


class ReplayJobs(PostgresView[ReplayJobRow], name="gateway.replay_jobs", version=1, inline=True):
    """Every replay job."""

    checks = (
        Check(
            "valid_replay_job_status", "status in ('running', 'paused', 'finished', 'cancelled', 'failed')"
        ),
    )
    indexes = (
        Index("idx_replay_jobs_started_at", ("started_at", "id")),
        Index("idx_replay_jobs_source", ("source_id", "started_at", "id"), where="source_id is not null"),
    )

    started = carried(ReplayJob.Started, first=True, started_at=TIME)
    progressed = carried(ReplayJob.Progressed)
    paused = carried(ReplayJob.Paused, status=JobStatus.PAUSED)
    resumed = carried(ReplayJob.Resumed, status=JobStatus.RUNNING, error=None, ended_at=None)
    cancelled = carried(ReplayJob.Cancelled, status=JobStatus.CANCELLED, ended_at=TIME)
    finished = carried(ReplayJob.Finished, status=JobStatus.FINISHED, ended_at=TIME)
    failed = carried(ReplayJob.Failed, status=JobStatus.FAILED, ended_at=TIME)
