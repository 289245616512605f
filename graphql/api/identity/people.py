"""People: who the ids of other things stand for, and what they are in the tenant."""

import asyncio
from typing import Annotated, cast
from uuid import UUID

import strawberry

from api.identity.profiles import Preferences, Profile, preferences_of, profile_of
from api.identity.roles import GrantedRole
from api.kit.execution.errors import ClientError
from api.kit.schema.commands import receipt, sends
from api.kit.schema.connections import PAGE_ARGUMENTS, Connection, PageRequest, connect, listed
from api.kit.schema.context import Info, RequestContext
from api.kit.schema.fields import LARGEST, After, argument, field, found, headed
from api.kit.schema.node_types import Node, enum, shows
from domain.identity import user_commands as commands
from domain.identity.authorization import BaseRole
from domain.identity.profiles import EMAIL_INDEX
from domain.identity.registration import RegisterUser
from domain.identity.sessions import Ending
from domain.identity.user_rules import UserStatus
from domain.kit.log import GLOBAL
from projections.governance.activity import ActivityLog, ActivityRow
from projections.identity.auth_sessions import UserSessionRow
from projections.identity.memberships import Memberships, UserRoles
from projections.identity.people import People, PersonRow
from projections.identity.person_sessions import PersonSessions, SessionPage
from projections.identity.profiles import PreferencesRow, ProfileRow
from projections.identity.unattached import Unattached, UnattachedRow
from projections.identity.users import Users
from projections.kit.read.conditions import Condition, equals, one_of
from projections.kit.read.postgres_reader import Order

enum(Ending)

NAMELESS = "Deleted user"
"""What a person is called once they are forgotten."""


@shows(ActivityRow, needs="audit:read", name="PersonEvent", leave_out=("actor_id",))
class PersonEvent:
    """An activity of a person."""


@shows(UserSessionRow, needs="audit:read", name="PersonSession", leave_out=("user_id", "in_tenant"))
class PersonSession:
    """A session of a person in the tenant."""


@shows(PersonRow, needs="people:read", about="id")
class Person(Node):
    """A person of the tenant."""

    @field("First and last name.")
    async def name(self, info: Info) -> str:
        info.context.revealed("name", self.id, confidential=False)
        # What a resolver is given is the row.
        shown = cast(PersonRow, self)
        return " ".join(filter(None, (shown.first_name, shown.last_name))) or NAMELESS

    @field("Whether the e-mail address is verified.")
    async def email_verified(self, info: Info) -> bool:
        info.context.revealed("emailVerified", self.id, confidential=False)
        # What a resolver is given is the row.
        shown = cast(PersonRow, self)
        if isinstance(shown, UnattachedRow):
            return shown.email_verified
        row = await info.context.row(Users, self.id)
        return row is not None and row.email_verified

    @field("The person's profile; null when they do not show it to you.", Profile | None)
    async def profile(self, info: Info) -> ProfileRow | None:
        return await profile_of(info, self.id)

    @field("The person's preferences; null unless it is yourself.", Preferences | None, needs="self")
    async def preferences(self, info: Info) -> PreferencesRow | None:
        return await preferences_of(info, self.id)

    roles = headed(
        GrantedRole,
        UserRoles,
        "user_id",
        order=Order("granted_at"),
        description="The tenant's custom roles that the person has.",
    )

    @field(
        "The person's sessions in the tenant, the latest first.",
        list[PersonSession],
        needs="audit:read",
    )
    async def sessions(
        self,
        info: Info,
        first: Annotated[int, argument("How many sessions, from 1 to 100.")] = 20,
        after: Annotated[UUID | None, argument("Only sessions after this one.")] = None,
    ) -> list[UserSessionRow]:
        if not 1 <= first <= LARGEST:
            raise ClientError(f"A list holds 1 to {LARGEST}, not {first}.", code="BAD_USER_INPUT")
        ask = info.context
        ask.revealed("sessions", self.id, confidential=False)
        page = SessionPage(user_id=self.id, first=first, after=after)
        return await ask.batched(ask.port(PersonSessions).of, page)

    async def _events(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> "Connection[PersonEvent]":
        return await connect(
            info.context,
            ActivityLog,
            where=equals("actor_id", self.id),
            order=Order("created_at", descending=True),
            wanted=PageRequest(first=first, after=after, last=last, before=before),
        )

    _events.__annotations__ |= PAGE_ARGUMENTS
    events = field("The person's activities, by pages, the latest first.", needs="audit:read")(_events)
    del _events


@strawberry.input(description="Which people to list: those that meet all that is given.")
class PersonFilter:
    """What the listed people must meet."""

    ids: list[UUID] | None = strawberry.field(default=None, description="Any of these.")
    role: list[enum(BaseRole)] | None = strawberry.field(default=None, description="Any of these.")  # type: ignore[valid-type]
    status: list[enum(UserStatus)] | None = strawberry.field(default=None, description="Any of these.")  # type: ignore[valid-type]
    is_member: bool | None = strawberry.field(
        default=None, description="Whether they are members of the tenant now."
    )

    def conditions(self) -> list[Condition]:
        return [
            *one_of("id", self.ids),
            *one_of("role", self.role),
            *one_of("status", self.status),
            *equals("is_member", self.is_member),
        ]


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


PersonReceipt = receipt(Person, People, name="person")


@strawberry.type
class Query:
    person = found(Person, People, "A person by id.", needs="people:read")
    user = found(Person, People, "A person by id; the same as `person`.", needs="people:read")
    people = listed(
        Person,
        People,
        filter=PersonFilter,
        orders={"LAST_NAME": Order("last_name"), "CREATED_AT": Order("created_at")},
        description="The people of the tenant, by pages.",
        needs="people:read",
    )

    @field(
        "The caller as a person of the tenant; null when the tenant does not know them. A caller "
        "without a tenant is a guest and not a member.",
        Person | None,
        needs="self",
    )
    async def me(self, info: Info, after_position: After = None) -> PersonRow | None:
        ask = info.context
        if ask.caller.tenant_id == GLOBAL:
            return await ask.port(Unattached).find(ask.caller.user_id)
        await ask.caught_up(People, after_position)
        return await _as_they_stand(ask, ask.caller.user_id)

    @field("The person with this e-mail address, ignoring case.", Person | None, needs="people:confidential")
    async def person_by_email(
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
            Users, ask.caller.tenant_id, where=one_of("email_key", keys), order=Order("created_at"), limit=1
        )
        if not page.rows:
            return None
        return await ask.row(People, page.rows[0].id)


@strawberry.type
class Mutation:
    register_user = sends(RegisterUser, PersonReceipt, needs="people:write")
    update_profile = sends(commands.UpdateProfile, PersonReceipt, needs="self")
    change_preferences = sends(commands.ChangePreferences, PersonReceipt, needs="self")
    change_user_email = sends(commands.ChangeUserEmail, PersonReceipt, needs="people:write")
    change_user_role = sends(commands.ChangeUserRole, PersonReceipt, needs="people:write")
    grant_role = sends(commands.GrantRole, PersonReceipt, needs="people:write")
    withdraw_role = sends(commands.WithdrawRole, PersonReceipt, needs="people:write")
    suspend_user = sends(commands.SuspendUser, PersonReceipt, needs="people:write")
    deactivate_user = sends(commands.DeactivateUser, PersonReceipt, needs="people:write")
    reactivate_user = sends(commands.ReactivateUser, PersonReceipt, needs="people:write")
    remove_user = sends(commands.RemoveUser, PersonReceipt, needs="self")
    delete_user = sends(commands.DeleteUser, PersonReceipt, needs="self")
