"""An address that was confirmed for the account is confirmed for the person of each tenant."""

from uuid import UUID, uuid4

from domain.identity.account_commands import JoinTenant, MarkEmailVerified, OpenAccount
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import ChangeUserEmail
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.permissions import ROLES
from tests.domain.sending import accepted
from tests.mail.conftest import BuildProcesses
from tests.processes.working import Works

BY_ITSELF = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)
ADDRESS = "ann@example.org"
PROVED = """
select count(*) from es.events
 where tenant_id = $1 and originator_id = $2 and type = 'identity.user.email_verified'
"""


async def opened(works: Works, *, email_verified: bool = False) -> UUID:
    """An account."""
    command = OpenAccount(id=uuid4(), email=ADDRESS, first_name="Ann", email_verified=email_verified)
    await accepted(works.bus, command, by=BY_ITSELF)
    return command.id


async def member(works: Works, id: UUID, email: str = ADDRESS) -> Caller:
    """The person of an account in a tenant of their own."""
    by = Caller(tenant_id=uuid4(), user_id=id, permissions=ROLES["owner"])
    await accepted(works.bus, RegisterUser(id=id, email=email, first_name="Ann"), by=by)
    await accepted(works.bus, JoinTenant(id=id, tenant_id=by.tenant_id), by=BY_ITSELF)
    return by


async def proofs(works: Works, by: Caller) -> int:
    """How often the person's address was confirmed, once all is done."""
    await works.quiet()
    return int(await works.database.writer.fetchval(PROVED, by.tenant_id, by.user_id))


async def test_a_proof_reaches_every_tenant_once(works: Works, build: BuildProcesses) -> None:
    await works.start(*build())
    ann = await opened(works)
    here, there = await member(works, ann), await member(works, ann)
    assert await proofs(works, here) == 0
    await accepted(works.bus, MarkEmailVerified(id=ann), by=BY_ITSELF)
    assert [await proofs(works, tenant) for tenant in (here, there)] == [1, 1]


async def test_who_joins_with_a_proved_address_has_proved_it(works: Works, build: BuildProcesses) -> None:
    await works.start(*build())
    assert await proofs(works, await member(works, await opened(works, email_verified=True))) == 1


async def test_an_address_that_is_not_the_accounts_is_not_proved_until_it_is(
    works: Works, build: BuildProcesses
) -> None:
    await works.start(*build())
    by = await member(works, await opened(works, email_verified=True), "other@example.org")
    assert await proofs(works, by) == 0
    await accepted(works.bus, ChangeUserEmail(id=by.user_id, email="third@example.org"), by=by)
    assert await proofs(works, by) == 0
    await accepted(works.bus, ChangeUserEmail(id=by.user_id, email="Ann@example.org"), by=by)
    assert await proofs(works, by) == 1
