"""What an export holds of a person's account, sessions and place in the tenant."""

from collections.abc import AsyncIterator
from typing import Any

from domain.kit.caller import SYSTEM
from projections.identity.admission import ApiKeys, Invitations
from projections.identity.auth_accounts import Accounts
from projections.identity.auth_resets import PasswordResets
from projections.identity.auth_sessions import UserSessions
from projections.identity.memberships import Memberships, UserRoles
from projections.identity.profiles import UserPreferences, UserProfiles
from projections.identity.users import Users
from projections.kit.context.every import every
from projections.kit.context.exports import ExportPart, Record, exported, listed, record
from projections.kit.context.subject import About, Scope
from projections.kit.read.conditions import equals

_PAGE = 200
_MORE = "additional_data"
_KEY = "A keyed hash by which nothing but an equal value is found; nobody can tell from it whose it is."

_STARTS = """
select originator_id, payload ->> 'ip_address' as ip_address, payload ->> 'user_agent' as user_agent
  from es.events
 where tenant_id = $1 and originator_id = any($2::uuid[]) and originator_version = 1
"""


async def sessions(about: About) -> AsyncIterator[Record]:
    """Sessions with the address and browser that they began with: all of them for the person, else those in the
    tenant that was asked, since where else somebody signs in is no business of who exports them there."""
    scope = about.accounts
    mine = about.by_themself or scope.tenant_id == about.tenant_id
    shown = [name for name in exported(UserSessions) if mine or name != "in_tenant"]
    batch: list[Any] = []
    async for row in every(scope.store.rows, UserSessions, scope.tenant_id, equals("user_id", about.person)):
        if mine or row.in_tenant == about.tenant_id:
            batch.append(row)
        if len(batch) == _PAGE:
            for session in await _begun(scope, batch, shown):
                yield session
            batch = []
    for session in await _begun(scope, batch, shown):
        yield session


async def _begun(scope: Scope, rows: list[Any], shown: list[str]) -> list[Record]:
    ids = [row.session_id for row in rows]
    found = await scope.store.pool.fetch(_STARTS, scope.tenant_id, ids) if ids else []
    began = {start["originator_id"]: {"ip_address": start[1], "user_agent": start[2]} for start in found}
    return [{**record(row, shown, (), SYSTEM), **began.get(row.session_id, {})} for row in rows]


EXPORTS = (
    listed("personal_data", "user", Users, "id", single=True, left_out={"email_key": _KEY}),
    listed("personal_data", "profile", UserProfiles, "id", single=True),
    listed(_MORE, "preferences", UserPreferences, "user_id", single=True),
    listed(_MORE, "membership", Memberships, "user_id", single=True),
    listed(_MORE, "roles", UserRoles, "user_id"),
    ExportPart(section=_MORE, name="sessions", holds=(UserSessions.name,), read=sessions, platform=True),
    listed(_MORE, "api_keys", ApiKeys, "created_by"),
    listed(
        _MORE,
        "invitations",
        Invitations,
        "id",
        "user_id",
        "invited_by",
        people=("user_id", "invited_by", "vouched_by"),
        left_out={"email_key": _KEY},
    ),
    listed(
        _MORE,
        "account",
        Accounts,
        "id",
        single=True,
        platform=True,
        own=True,
        left_out={"sessions_after": "A position in the log."},
    ),
    listed(_MORE, "password_resets", PasswordResets, "user_id", platform=True, own=True),
)
