"""A person who leaves traces everywhere, so that there is something to be forgotten."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from domain.governance.consents import GiveConsent, consent_id
from domain.identity.account_commands import JoinTenant, OpenAccount, SetSecondFactor
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.identity.sessions import StartSession
from domain.identity.user_commands import UpdateProfile
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.work.notifications import Channel, NotificationKind, NotifyUser, notification_id
from domain.work.project_commands import CreateProject
from domain.work.task_commands import AssignTask, CompleteTask, CreateTask
from tests.privacy.estate import Estate, somebody

BY_ITSELF = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)
FIRST, LAST, BIO = "Annabella", "Quillfeather", "Collects barometers and old maps"


@dataclass(frozen=True)
class Person:
    """Somebody, as one tenant knows them."""

    caller: Caller
    email: str

    @property
    def id(self) -> UUID:
        """The same in every tenant."""
        return self.caller.user_id

    @property
    def telling(self) -> list[str]:
        """Texts that stand nowhere but about this person."""
        return [self.email, LAST, BIO]


async def an_owner(estate: Estate, tenant: UUID) -> Caller:
    """The tenant's owner."""
    owner = somebody(tenant)
    await estate.send(
        RegisterUser(
            id=owner.user_id,
            email=f"o{owner.user_id.hex}@example.com",
            first_name="Olga",
            role=BaseRole.OWNER,
        ),
        owner,
    )
    return owner


async def an_account(estate: Estate) -> tuple[UUID, str]:
    """Id and address of somebody who can sign in."""
    id = uuid4()
    email = f"ann.{id.hex}@example.com"
    await estate.send(OpenAccount(id=id, email=email, first_name=FIRST, last_name=LAST), BY_ITSELF)
    await estate.send(SetSecondFactor(id=id, secret="JBSWY3DPEHPK3PXP", recovery_hashes=()), BY_ITSELF)
    return id, email


async def a_member(estate: Estate, owner: Caller, id: UUID, email: str) -> Person:
    """The person in the owner's tenant, with a profile, a session, and consents."""
    tenant = owner.tenant_id
    await estate.send(RegisterUser(id=id, email=email, first_name=FIRST, last_name=LAST), owner)
    await estate.send(JoinTenant(id=id, tenant_id=tenant), BY_ITSELF)
    me = somebody(tenant, "member", id)
    await estate.send(UpdateProfile(id=id, bio=BIO, location="Quillfeather Lane 3"), me)
    for purpose in ("marketing.email", "analytics"):
        await estate.send(GiveConsent(id=consent_id(id, purpose), subject_id=id, purpose=purpose), me)
    await estate.send(
        StartSession(
            id=uuid4(),
            user_id=id,
            tenant_id=tenant,
            token_hash=uuid4().hex,
            refresh_hash=uuid4().hex,
            method="password",
            ip_address="203.0.113.77",
            user_agent="Annabella's browser",
        ),
        BY_ITSELF,
    )
    return Person(me, email)


async def some_work(estate: Estate, owner: Caller, person: Person) -> list[UUID]:
    """A project of the person's with four tasks, shared with the owner; answers the tasks."""
    me = person.caller
    project, tasks = uuid4(), [uuid4() for _ in range(4)]
    await estate.send(CreateProject(id=project, name="Barometers"), me)
    for number, task in enumerate(tasks):
        await estate.send(CreateTask(id=task, title=f"Read {number}", project_id=project), me)
        await estate.send(AssignTask(id=task, assigned_to=owner.user_id if number % 2 else person.id), me)
        if number > 1:
            await estate.send(CompleteTask(id=task), me)
    await estate.send(
        NotifyUser(
            id=notification_id(tasks[0], person.id),
            user_id=person.id,
            kind=NotificationKind.ASSIGNED,
            task_id=tasks[0],
            channels=(Channel.IN_APP,),
            by=owner.user_id,
        ),
        owner,
    )
    return tasks


async def traces_outside(estate: Estate, person: Person) -> None:
    """What no view knows of: an answer in the cache, a mail, and a line in the log of a server."""
    tenant = person.caller.tenant_id
    await estate.redis.set(f"hw:cache:t:{tenant}:people", f'{{"name": "{FIRST} {LAST}"}}')
    await estate.redis.set(f"hw:attempts:{person.email}", "3")
    for folder, name, text in (
        ("mail", "welcome.eml", f"X-Headwater-Tenant: {tenant}\nTo: {person.email}\n\nDear {FIRST}"),
        ("logs", "postgres.log", f"LOG: a line about {person.email.upper()} and\nanother one\n"),
    ):
        path = estate.settings.data_dir / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
