"""What an export holds of a person's work."""

from collections.abc import AsyncIterator

from projections.kit.context.every import every
from projections.kit.context.exports import ExportPart, Record, exported, listed, record
from projections.kit.context.subject import About
from projections.kit.read.conditions import equals
from projections.work.notifications import Notifications
from projections.work.projects import ProjectMembers, Projects
from projections.work.tasks import PLACES, Tasks


async def _projects(about: About) -> AsyncIterator[Record]:
    """Those that the person owns or belongs to."""
    shown, rows, tenant = exported(Projects), about.here.store.rows, about.tenant_id
    joined = {
        member.project_id: member.joined_at
        async for member in every(rows, ProjectMembers, tenant, equals("user_id", about.person))
    }
    owned = {row.id: row async for row in every(rows, Projects, tenant, equals("owner_id", about.person))}
    for id in sorted({*joined, *owned}):
        row = owned.get(id) or (await rows.get(Projects, tenant, [(id,)])).get((id,))
        if row is not None:
            at = joined.get(id)
            shared = record(row, shown, ("owner_id",), about.person)
            yield {**shared, "joined_at": at.isoformat() if at is not None else None}


EXPORTS = (
    listed(
        "activity_data",
        "tasks",
        Tasks,
        "created_by",
        "assigned_to",
        people=("created_by", "assigned_to"),
        left_out=dict.fromkeys(PLACES, "Says who may see what, and nothing about the person."),
    ),
    ExportPart(
        section="activity_data",
        name="projects",
        holds=(Projects.name, ProjectMembers.name),
        read=_projects,
    ),
    listed("additional_data", "notifications", Notifications, "user_id", people=("by",)),
)
