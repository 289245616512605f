"""What processes have to know of people, read from the log itself: no view is behind, or stands still; and how
people are reminded."""

from datetime import datetime
from uuid import UUID

from domain.identity.accounts import Account, AccountStatus
from domain.identity.invitations import Invitation, InvitationStatus
from domain.identity.preferences import Notice
from domain.identity.roles import Role
from domain.identity.user_rules import UserStatus
from domain.identity.users import User
from domain.kit.aggregate import Aggregate
from domain.kit.bus.bus import Bus
from domain.kit.bus.repository import Repository
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.permissions import ROLES
from domain.processes.account_mails import Addresses
from domain.processes.due_dates import Reminders
from domain.processes.notification_mails import MailReader, Readers
from domain.processes.notifications import Audience, delivered
from domain.tenancy.tenants import Tenant
from domain.work.access import sees
from domain.work.notifications import Channel, NotificationKind, NotifyUser, notification_id
from domain.work.projects import Project, Visibility
from domain.work.tasks import Task

_READ = "work:read"


class Recipients(Audience, Readers, Addresses):
    """Read whom processes write to, and whether they may see what it is about."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def channels(
        self, *, tenant_id: UUID, person: UUID, kind: NotificationKind, task_id: UUID
    ) -> list[Channel]:
        user, task = await self._somebody(tenant_id, person, task_id)
        if user is None or task is None:
            return []
        notice = Notice(kind.value)
        wanted = {Channel.IN_APP: user.in_app, Channel.EMAIL: user.by_email}
        return [channel for channel, notices in wanted.items() if notice in notices]

    async def reader(self, *, tenant_id: UUID, person: UUID, task_id: UUID) -> MailReader | None:
        user, task = await self._somebody(tenant_id, person, task_id)
        if user is None or task is None or not user.email_verified:
            # Anybody can have been registered under any address: mail goes to who has shown that it is theirs.
            return None
        return MailReader(email=user.email, title=task.title, company=await self.tenant_name(tenant_id))

    async def of_account(self, id: UUID) -> str | None:
        account = (await self._found(ACCOUNTS, id)).get(id)
        if not isinstance(account, Account) or account.ended or account.status is AccountStatus.CLOSED:
            return None
        return account.email

    async def is_open(self, tenant_id: UUID, invitation_id: UUID) -> bool:
        found = (await self._found(tenant_id, invitation_id)).get(invitation_id)
        return isinstance(found, Invitation) and found.status is InvitationStatus.OPEN

    async def tenant_name(self, tenant_id: UUID) -> str:
        tenant = (await self._found(tenant_id, tenant_id)).get(tenant_id)
        return tenant.name if isinstance(tenant, Tenant) else "a company"

    async def _somebody(
        self, tenant_id: UUID, person: UUID, task_id: UUID
    ) -> tuple[User, Task] | tuple[None, None]:
        """The person and the task, when they work here and may see it (GOV-07)."""
        found = await self._found(tenant_id, person, task_id)
        user, task = found.get(person), found.get(task_id)
        if not isinstance(user, User) or not isinstance(task, Task) or user.ended or task.ended:
            return None, None
        if not user.member or user.status is not UserStatus.ACTIVE:
            return None, None
        return (user, task) if await self._may_see(tenant_id, user, task) else (None, None)

    async def _may_see(self, tenant_id: UUID, user: User, task: Task) -> bool:
        more = [] if task.project_id is None else [task.project_id]
        found = await self._found(tenant_id, *user.role_ids, *more) if user.role_ids or more else {}
        granted = (role.permissions for role in found.values() if isinstance(role, Role) and not role.ended)
        caller = Caller(tenant_id=tenant_id, user_id=user.id, permissions=ROLES[user.role].union(*granted))
        if not caller.may(_READ):
            return False
        project = found.get(task.project_id) if task.project_id is not None else None
        if not isinstance(project, Project):
            return task.project_id is None
        private = project.visibility is Visibility.PRIVATE
        return sees(caller, private=private, owner_id=project.owner_id, members=project.members)

    async def _found(self, tenant_id: UUID, *ids: UUID) -> dict[UUID, Aggregate]:
        return await self._repository.get(tenant_id, ids, fresh=True)


class NotifiedReminders(Reminders):
    """One notification for each key, as the person prefers."""

    def __init__(self, audience: Audience, bus: Bus) -> None:
        self._audience = audience
        self._bus = bus

    async def remind(self, *, tenant_id: UUID, task_id: UUID, person: UUID, due: datetime, key: UUID) -> None:
        """Raise NotTold when it is to be tried again."""
        kind = NotificationKind.DUE_SOON
        channels = await self._audience.channels(
            tenant_id=tenant_id, person=person, kind=kind, task_id=task_id
        )
        if not channels:
            return
        command = NotifyUser(
            id=notification_id(key, person),
            user_id=person,
            kind=kind,
            task_id=task_id,
            channels=tuple(sorted(channels)),
            due_date=due,
        )
        by = Caller(tenant_id=tenant_id, user_id=SYSTEM)
        delivered(await self._bus.send(command, by=by, command_id=key))
