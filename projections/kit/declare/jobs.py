"""What every job shows, and how its row follows it; said once for the jobs of all contexts."""

from datetime import datetime
from typing import Annotated

from domain.kit.fields import Describe, Len
from domain.kit.process.jobs import Job, JobStatus, StartedBy
from projections.kit.declare.folds import TIME, DeclaredFold, carried
from projections.kit.declare.row import Id, Row, UpdatedAt, Version

HAS_STATUS = "status in ('running', 'paused', 'finished', 'cancelled', 'failed')"


class JobRow(Row):
    """Long work, as people direct it."""

    id: Id
    status: Annotated[JobStatus, Describe("How it stands.")] = JobStatus.RUNNING
    error: Annotated[str | None, Len(max_length=100), Describe("Why it failed, in a word.")] = None
    started_by: StartedBy
    started_at: Annotated[datetime, Describe("When it was started.")]
    ended_at: Annotated[datetime | None, Describe("When it finished, failed or was cancelled.")] = None
    updated_at: UpdatedAt
    version: Version


def directed(job: type[Job]) -> tuple[DeclaredFold, DeclaredFold, DeclaredFold, DeclaredFold, DeclaredFold]:
    """The folds of what becomes of a job: paused, resumed, cancelled, finished, failed."""
    return (
        carried(job.Paused, status=JobStatus.PAUSED),
        carried(job.Resumed, status=JobStatus.RUNNING, error=None, ended_at=None),
        carried(job.Cancelled, status=JobStatus.CANCELLED, ended_at=TIME),
        carried(job.Finished, status=JobStatus.FINISHED, ended_at=TIME),
        carried(job.Failed, status=JobStatus.FAILED, ended_at=TIME),
    )
