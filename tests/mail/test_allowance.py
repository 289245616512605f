"""How much mail others can cause, and how somebody forbids it."""

import re
from uuid import UUID, uuid4

from app.mail.allowance import CountedAllowance, MailLimit, OptOuts
from app.mail.links import MailedLinks
from app.mail.mailed_tokens import MailedTokens
from app.settings import Settings
from app.storage.database import Database
from domain.identity.account_commands import OpenAccount
from domain.identity.authorization import BaseRole
from domain.identity.email_verifications import RequestEmailVerification
from domain.identity.invitations import InviteUser, WithdrawInvitation
from domain.identity.password_resets import RequestPasswordReset
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.permissions import ROLES
from domain.kit.process.sealed_mailer import MailKind
from domain.tenancy.tenant_commands import CreateTenant
from tests.domain.sending import accepted
from tests.kit.servers import SECRET
from tests.mail.conftest import BuildProcesses
from tests.mail.server import Inbox, text_of
from tests.processes.working import Works

BY_ITSELF = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)
EVIL = (
    "CLAIM YOUR PRIZE at https://evil.example.com/d997c0 or mail win@evil.example.com now, only today, hurry"
)


def admin() -> Caller:
    """An admin of some tenant."""
    return Caller(tenant_id=uuid4(), user_id=uuid4(), permissions=ROLES["admin"])


async def invited(works: Works, by: Caller, email: str) -> None:
    """Invite somebody, and take it back once it was mailed, so that the address can be invited again."""
    id = uuid4()
    invite = InviteUser(id=id, email=email, role=BaseRole.GUEST, token_hash="0" * 64)
    await accepted(works.bus, invite, by=by)
    await works.quiet()
    await accepted(works.bus, WithdrawInvitation(id=id), by=by)


async def test_an_address_gets_five_invitations_a_day_whoever_sends_them(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    await works.start(*build())
    for number in range(8):
        # Other tenants, other letters: one mailbox.
        await invited(works, admin(), "bob@example.org" if number % 2 else "Bob@Example.org")
    await invited(works, admin(), "eve@example.org")
    assert [recipient for [recipient] in inbox.recipients] == ["bob@example.org"] * 5 + ["eve@example.org"]


async def test_a_tenant_causes_so_much_and_another_try_of_a_mail_counts_once(
    database: Database, settings: Settings
) -> None:
    links = MailedLinks(settings, MailedTokens(settings.derive("mailed tokens")))
    limits = {MailKind.INVITATION: MailLimit(per_recipient=10, per_tenant=2)}
    allowance = CountedAllowance(database.writer, "ab" * 32, limits=limits, links=links)
    tenant, key = uuid4(), uuid4()

    async def ask(address: str, key: UUID, tenant: UUID = tenant) -> str:
        return await allowance.refusal(address, kind=MailKind.INVITATION, tenant_id=tenant, key=key)

    assert [await ask("a@example.org", key) for _ in range(3)] == ["", "", ""]
    assert await ask("b@example.org", uuid4()) == ""
    assert await ask("c@example.org", uuid4()) == "too many of this tenant"
    assert await ask("a@example.org", key) == ""
    assert await ask("c@example.org", uuid4(), uuid4()) == ""


async def test_who_has_opted_out_gets_what_they_ask_for_and_nothing_else(
    works: Works, build: BuildProcesses, inbox: Inbox, database: Database, settings: Settings
) -> None:
    await works.start(*build())
    await invited(works, admin(), "bob@example.org")
    assert inbox.messages, await works.rows("select name, status, result from processes.ledger")
    text = text_of(inbox.messages[0])
    found = re.search(r"https://headwater\.example\.com/mail-opt-out\?token=(\S+)", text)
    assert found is not None, text
    opt_outs = OptOuts(database.writer, MailedTokens(Settings(secret=SECRET).derive("mailed tokens")))
    assert await opt_outs.change(found[1], out=True)
    assert await opt_outs.is_out(found[1])
    await invited(works, admin(), "BOB@example.org")
    account = uuid4()
    opened = OpenAccount(id=account, email="bob@example.org", first_name="Bob", password_hash="x")
    await accepted(works.bus, opened, by=BY_ITSELF)
    verify = RequestEmailVerification(id=uuid4(), account_id=account, token_hash="0" * 64)
    await accepted(works.bus, verify, by=BY_ITSELF)
    await works.quiet()
    assert len(inbox.messages) == 1
    reset = RequestPasswordReset(id=uuid4(), account_id=account, token_hash="0" * 64)
    await accepted(works.bus, reset, by=BY_ITSELF)
    await works.quiet()
    assert str(inbox.messages[-1]["subject"]) == "Choose a new password"
    assert await opt_outs.change(found[1], out=False)
    await invited(works, admin(), "bob@example.org")
    assert len(inbox.messages) == 3
    stored = await works.rows("select row_to_json(s)::text from mail.sent s")
    assert not any("bob" in row.lower() for (row,) in stored)


async def test_a_token_that_is_none_opts_nobody_out(database: Database) -> None:
    tokens = MailedTokens("ab" * 32)
    opt_outs = OptOuts(database.writer, tokens)
    for bad in (
        "",
        "optout.x.y",
        tokens.of("invite", uuid4()),
        MailedTokens("cd" * 32).of("optout", uuid4()),
    ):
        assert await opt_outs.is_out(bad) is None
        assert not await opt_outs.change(bad, out=True)


async def test_what_a_tenant_calls_itself_is_no_subject_and_no_link(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    by = admin()
    create = CreateTenant(id=by.tenant_id, name=EVIL, slug="prize", region="local")
    await accepted(works.bus, create, by=Caller(tenant_id=by.tenant_id, user_id=SYSTEM))
    await works.start(*build())
    await invited(works, by, "bob@example.org")
    message = inbox.messages[0]
    assert str(message["subject"]) == "You are invited to join a company on Headwater"
    text = text_of(message)
    assert re.findall(r"https?://\S+", text) == re.findall(r"https://headwater\.example\.com/\S+", text)
    assert "evil.example" not in text
    assert "@evil" not in text
    assert "hurry" not in text
