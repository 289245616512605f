"""People: who the ids of other things stand for, and what they are in the tenant."""

import asyncio
from typing import Annotated, cast
from uuid import UUID

import strawberry

from api.identity.profiles import Preferences, Profile, preferences_of, profile_of
from api.identity.roles import GrantedRole
from api.kit.model import (
    After,
    First,
    ForwardConnection,
    FromCursor,
    Info,
    Node,
    RequestContext,
    Resource,
    argument,
    enum,
    field,
    forward,
    headed,
    quick,
    shows,
)
from domain.identity import user_commands as commands
from domain.identity.profiles import EMAIL_INDEX
from domain.identity.registration import RegisterUser
from domain.identity.sessions import Ending
from domain.kit.log import GLOBAL
from projections.governance.activity import ActivityAction, ActivityEntityType, ActivityLog, ActivityRow
from projections.identity.auth_sessions import UserSessionRow
from projections.identity.memberships import Memberships, Roles, UserRoles
from projections.identity.people import People, PersonRow
from projections.identity.person_sessions import PersonSessions, SessionPage
from projections.identity.profiles import PreferencesRow, ProfileRow
from projections.identity.unattached import Unattached, UnattachedRow
from projections.identity.users import Users
from projections.kit.read import conditions
from projections.kit.read.keyset import Order

enum(Ending)

NAMELESS = "Deleted user"
"""What a person is called once they are forgotten."""


@shows(ActivityRow, needs="audit:read", name="UserEvent", leave_out=("actor_id",))
class UserEvent:
    """An activity of a user."""

    entity_type: ActivityEntityType | None
    action: ActivityAction | None
    # As an object of its own it is the `Activity` with this id.
    id: UUID = strawberry.field(
        name="eventId", description="The event's id, which is that of its `Activity`."
    )


@shows(UserSessionRow, needs="audit:read", name="UserSession", leave_out=("user_id", "in_tenant"))
class UserSession:
    """A session of a user in the tenant."""


def _name(row: PersonRow, ask: RequestContext, _: str = "") -> str:
    ask.revealed("name", row.id, confidential=False)
    return " ".join(filter(None, (row.first_name, row.last_name))) or NAMELESS


@shows(PersonRow, needs="users:read", about="id")
class User(Node):
    """A user of the tenant."""

    first_name: str | None
    last_name: str | None

    @field("First and last name.")
    @quick(_name)
    def name(self, info: Info) -> str:
        # What a resolver is given is the row.
        return _name(cast(PersonRow, self), info.context)

    @field("Whether the e-mail address is verified.")
    async def email_verified(self, info: Info) -> bool:
        info.context.revealed("emailVerified", self.id, confidential=False)
        # What a resolver is given is the row.
        shown = cast(PersonRow, self)
        if isinstance(shown, UnattachedRow):
            return shown.email_verified
        row = await info.context.row(Users, self.id)
        return row is not None and row.email_verified

    @field("The user's profile; null when they do not show it to you.", Profile | None, own=True)
    async def profile(self, info: Info) -> ProfileRow | None:
        return await profile_of(info, self.id)

    @field("The user's preferences; null unless it is yourself.", Preferences | None, needs="self", own=True)
    async def preferences(self, info: Info) -> PreferencesRow | None:
        return await preferences_of(info, self.id)

    roles = headed(
        GrantedRole,
        UserRoles,
        "user_id",
        order=Order("granted_at"),
        description="The tenant's custom roles that the user has, by pages; deleted ones grant nothing any more.",
        naming=("role_id", Roles),
    )

    @field(
        "The user's sessions in the tenant, by pages, the latest first.",
        ForwardConnection[UserSession] | None,
        needs="audit:read",
    )
    async def sessions(
        self,
        info: Info,
        first: First = None,
        after: FromCursor = None,
    ) -> ForwardConnection[UserSessionRow]:
        ask = info.context
        ask.revealed("sessions", self.id, confidential=False)

        async def read(limit: int, after: UUID | None) -> list[UserSessionRow]:
            page = SessionPage(user_id=self.id, first=limit, after=after)
            return await ask.batched(ask.port(PersonSessions).of, page)

        return await forward(
            ask, f"sessions {self.id}", first, after, read, place=lambda row: row.session_id, of=UUID
        )

    events = headed(
        UserEvent,
        ActivityLog,
        "actor_id",
        order=Order("created_at", descending=True),
        description="The user's activities, by pages, the latest first.",
        needs="audit:read",
    )


_users = Resource(User, People, read="users:read", write="users:write")


async def _as_they_stand(ask: RequestContext, id: UUID) -> PersonRow | None:
    """A person by what is never behind: who has just joined, left or been given a role is shown so at once."""
    person, user_row, membership = ask.row(People, id), ask.row(Users, id), ask.row(Memberships, id)
    row, user, member = await asyncio.gather(person, user_row, membership)
    if user is None:
        return row
    stands = (user.status, user.role, member is not None)
    if row is not None and (row.status, row.role, row.is_member) == stands:
        return row
    return await ask.past.row(People, (id,), await ask.services.log.head())


@strawberry.type
class Query:
    user = _users.by_id("A user by id.")
    users = _users.list("The users of the tenant, by pages.")

    @field(
        "The caller as a user of the tenant; null when the tenant does not know them. A caller "
        "without a tenant is a guest and not a member.",
        User | None,
        needs="self",
    )
    async def me(self, info: Info, after_position: After = None) -> PersonRow | None:
        ask = info.context
        if ask.caller.tenant_id == GLOBAL:
            return await ask.port(Unattached).find(ask.caller.user_id)
        await ask.caught_up(People, after_position)
        return await _as_they_stand(ask, ask.caller.user_id)

    @field("The user with this e-mail address, ignoring case.", User | None, needs="users:confidential")
    async def user_by_email(
        self, info: Info, email: Annotated[str, argument("The complete e-mail address.")]
    ) -> PersonRow | None:
        ask = info.context
        plain = email.strip().lower()
        if "@" not in plain:
            # Nor is a fingerprint an address, though people are found by theirs.
            return None
        # By the address itself where the log holds it in plain.
        keys = [ask.services.codec.fingerprint(EMAIL_INDEX, plain), plain]
        page = await ask.services.rows.page(
            Users,
            ask.caller.tenant_id,
            where=conditions.one_of("email_key", keys),
            order=Order("created_at"),
            limit=1,
        )
        if not page.rows:
            return None
        return await ask.row(People, page.rows[0].id)


@strawberry.type
class Mutation:
    register_user = _users.mutation(RegisterUser)
    update_profile = _users.mutation(commands.UpdateProfile, needs="self")
    change_preferences = _users.mutation(commands.ChangePreferences, needs="self")
    change_user_email = _users.mutation(commands.ChangeUserEmail)
    change_user_role = _users.mutation(commands.ChangeUserRole)
    grant_role = _users.mutation(commands.GrantRole)
    withdraw_role = _users.mutation(commands.WithdrawRole)
    suspend_user = _users.mutation(commands.SuspendUser)
    deactivate_user = _users.mutation(commands.DeactivateUser)
    reactivate_user = _users.mutation(commands.ReactivateUser)
    remove_user = _users.mutation(commands.RemoveUser, needs="self")
    delete_user = _users.mutation(commands.DeleteUser, needs="self")
