"""Replay jobs as people read them, in the append's own transaction: what is over is never taken for going."""

from domain.gateway.replay_jobs.replay_jobs import (
    Chosen,
    OfRule,
    OfSource,
    OfType,
    Rejected,
    Replayed,
    ReplayJob,
)
from projections.kit.declare.folds import TIME, carried
from projections.kit.model import HAS_STATUS, Check, Index, JobRow, PostgresView, directed


class ReplayJobRow(JobRow):
    """Dead letters that are replayed one after the other."""

    source_id: OfSource
    rule: OfRule
    event_type: OfType
    matched: Chosen
    replayed: Replayed = 0
    rejected: Rejected = 0


class ReplayJobs(PostgresView[ReplayJobRow], name="gateway.replay_jobs", version=1, inline=True):
    """Every replay job."""

    checks = (Check("valid_replay_job_status", HAS_STATUS),)
    indexes = (
        Index("idx_replay_jobs_started_at", ("started_at", "id")),
        Index("idx_replay_jobs_source", ("source_id", "started_at", "id"), where="source_id is not null"),
    )

    started = carried(ReplayJob.Started, first=True, started_at=TIME)
    progressed = carried(ReplayJob.Progressed)
    paused, resumed, cancelled, finished, failed = directed(ReplayJob)
