"""What an export holds of a person: one entry for each kind of thing, which contexts add to as they come.

Only what is their own is in it. Of things that they share with others there are neither the texts that are sealed
under another person's key nor the ids of other people.
"""

from collections.abc import AsyncIterator

from app.privacy.about import About
from app.privacy.every import every
from app.privacy.log_records import accesses, account_events, events, sessions
from app.privacy.records import ExportPart, Record, exported, listed, record
from projections.governance.activity import ActivityLog
from projections.governance.consents import ConsentRows
from projections.governance.erasures import Erasures
from projections.governance.exports import Exports
from projections.identity.admission import ApiKeys, Invitations
from projections.identity.auth_accounts import Accounts
from projections.identity.auth_resets import PasswordResets
from projections.identity.auth_sessions import UserSessions
from projections.identity.memberships import Memberships, UserRoles
from projections.identity.profiles import UserPreferences, UserProfiles
from projections.identity.users import Users
from projections.kit.read.conditions import equals
from projections.work.notifications import Notifications
from projections.work.projects import ProjectMembers, Projects
from projections.work.tasks import Tasks


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


_ACTIVITY, _MORE = "activity_data", "additional_data"

PARTS: tuple[ExportPart, ...] = (
    listed("personal_data", "user", Users, "id", one=True),
    listed("personal_data", "profile", UserProfiles, "id", one=True),
    listed(_ACTIVITY, "tasks", Tasks, "created_by", "assigned_to", people=("created_by", "assigned_to")),
    ExportPart(
        section=_ACTIVITY, name="projects", holds=(Projects.name, ProjectMembers.name), read=_projects
    ),
    listed(_ACTIVITY, "activities", ActivityLog, "actor_id", "entity_id", people=("actor_id",)),
    listed(_MORE, "preferences", UserPreferences, "user_id", one=True),
    listed(_MORE, "membership", Memberships, "user_id", one=True),
    listed(_MORE, "roles", UserRoles, "user_id"),
    ExportPart(section=_MORE, name="sessions", holds=(UserSessions.name,), read=sessions, platform=True),
    listed(_MORE, "consents", ConsentRows, "subject_id"),
    listed(_MORE, "notifications", Notifications, "user_id", people=("by",)),
    listed(_MORE, "api_keys", ApiKeys, "created_by"),
    listed(
        _MORE,
        "invitations",
        Invitations,
        "id",
        "user_id",
        "invited_by",
        people=("user_id", "invited_by", "vouched_by"),
    ),
    listed(_MORE, "exports", Exports, "subject_id", people=("requested_by",)),
    listed(_MORE, "erasures", Erasures, "subject_id", people=("requested_by",)),
    ExportPart(section=_MORE, name="accesses", holds=("audit.data_access",), read=accesses),
    listed(_MORE, "account", Accounts, "id", one=True, platform=True, own=True),
    listed(_MORE, "password_resets", PasswordResets, "user_id", platform=True, own=True),
    ExportPart(section=_MORE, name="events", holds=("es.events",), read=events),
    ExportPart(
        section=_MORE,
        name="account_events",
        holds=("es.events",),
        read=account_events,
        platform=True,
        own=True,
    ),
)
"""Every part, in the order of the file; a context that keeps something about people adds its own here."""
