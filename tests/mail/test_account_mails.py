"""The mails about accounts, from the event to the mail server."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.auth.credentials.throttle import VERIFICATION
from app.keys import KeyRing
from app.mail.mailed_tokens import MailedTokens, hash_of
from app.settings import Settings
from domain.identity.account_commands import (
    ChangePassword,
    CloseAccount,
    NoteFailedSignIns,
    NoteRepeatedRegistration,
    OpenAccount,
)
from domain.identity.authorization import BaseRole
from domain.identity.email_verifications import RequestEmailVerification
from domain.identity.invitations import InviteUser, WithdrawInvitation
from domain.identity.password_resets import RequestPasswordReset
from domain.kit.bus.bus import Bus
from domain.kit.caller import ACCOUNTS, SYSTEM, Caller
from domain.kit.permissions import ROLES
from domain.processes.account_mails import AccountMails
from domain.tenancy.tenant_commands import CreateTenant
from tests.domain.sending import accepted
from tests.kit.processes import until
from tests.kit.servers import SECRET
from tests.mail.conftest import BuildProcesses
from tests.mail.server import Inbox, free_port, mail_server, text_of
from tests.processes.working import Works

BY_ITSELF = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)
ADMIN = Caller(tenant_id=uuid4(), user_id=uuid4(), permissions=ROLES["admin"])
TOKENS = MailedTokens(Settings(secret=SECRET).derive("mailed tokens"))


async def opened(bus: Bus, name: str = "ann") -> UUID:
    """A new account."""
    id = uuid4()
    command = OpenAccount(id=id, email=f"{name}@example.org", first_name=name.title(), password_hash="x")
    await accepted(bus, command, by=BY_ITSELF)
    return id


def subjects(inbox: Inbox) -> list[str]:
    """What the mails are about."""
    return [str(message["subject"]) for message in inbox.messages]


async def results(works: Works) -> list[str]:
    """What came of the effects."""
    rows = await works.rows("select result #>> '{}' from processes.ledger order by id")
    return [result for (result,) in rows]


async def test_an_account_is_welcomed_once(works: Works, build: BuildProcesses, inbox: Inbox) -> None:
    await works.start(*build())
    await opened(works.bus)
    await works.quiet()
    assert inbox.recipients == [["ann@example.org"]]
    assert subjects(inbox) == ["Welcome to Headwater"]
    assert "Another mail asks you to confirm this address" in text_of(inbox.messages[0])


async def test_whose_address_is_proved_is_not_asked_to_confirm_it(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    await works.start(*build())
    command = OpenAccount(id=uuid4(), email="ann@example.org", first_name="Ann", email_verified=True)
    await accepted(works.bus, command, by=BY_ITSELF)
    await works.quiet()
    assert "confirm" not in text_of(inbox.messages[0])


async def test_links_carry_the_token_that_is_stored_as_a_hash(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    account = await opened(works.bus)
    await works.start(*build())
    verification, reset = uuid4(), uuid4()
    for command, kind in (
        (RequestEmailVerification(id=verification, account_id=account, token_hash="0" * 64), "verify-email"),
        (RequestPasswordReset(id=reset, account_id=account, token_hash="0" * 64), "reset-password"),
    ):
        await accepted(works.bus, command, by=BY_ITSELF)
        await works.quiet()
        token = TOKENS.of(kind.partition("-")[0], command.id)
        text = text_of(inbox.messages[-1])
        assert f"https://headwater.example.com/{kind}?token={token}\n" in text
        assert f"\n{token}\n" in text
    assert subjects(inbox) == ["Confirm your e-mail address", "Choose a new password"]


async def test_an_invitation_names_the_company_and_its_tenant(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    await accepted(
        works.bus,
        CreateTenant(id=ADMIN.tenant_id, name="Acme", slug="acme", region="local"),
        by=Caller(tenant_id=ADMIN.tenant_id, user_id=SYSTEM),
    )
    await works.start(*build())
    id = uuid4()
    token = TOKENS.of("invite", id, ADMIN.tenant_id)
    invite = InviteUser(id=id, email="bob@example.org", role=BaseRole.GUEST, token_hash=hash_of(token))
    await accepted(works.bus, invite, by=ADMIN)
    await works.quiet()
    assert inbox.recipients == [["bob@example.org"]]
    assert subjects(inbox) == ["You are invited to join a company on Headwater"]
    assert f"/accept-invitation?token={token}\n" in text_of(inbox.messages[0])


async def test_the_owner_is_told_of_wrong_passwords(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    account = await opened(works.bus)
    await works.start(*build())
    await accepted(works.bus, NoteFailedSignIns(id=account), by=BY_ITSELF)
    await works.quiet()
    assert inbox.recipients == [["ann@example.org"]]
    assert subjects(inbox) == ["Wrong passwords were tried"]


async def test_the_owner_is_told_of_a_new_password(works: Works, build: BuildProcesses, inbox: Inbox) -> None:
    account = await opened(works.bus)
    await works.start(*build())
    await accepted(works.bus, ChangePassword(id=account, password_hash="y"), by=BY_ITSELF)
    await works.quiet()
    assert inbox.recipients == [["ann@example.org"]]
    assert subjects(inbox) == ["Your password was changed"]


async def test_as_many_links_are_sent_as_may_be_asked_for(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    """Whatever others cause the address to be sent besides: nothing is promised that is not sent."""
    await works.start(*build())
    account = await opened(works.bus)
    for _ in range(5):
        await accepted(works.bus, NoteRepeatedRegistration(id=account), by=BY_ITSELF)
    # One when the account is opened, and those that may be asked for besides.
    most = 1 + VERIFICATION.free
    for _ in range(most):
        command = RequestEmailVerification(id=uuid4(), account_id=account, token_hash="0" * 64)
        await accepted(works.bus, command, by=BY_ITSELF)
    await works.quiet()
    assert subjects(inbox).count("Confirm your e-mail address") == most


async def test_whoever_registers_twice_is_told_at_the_address_alone(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    account = await opened(works.bus)
    await works.start(*build())
    await accepted(works.bus, NoteRepeatedRegistration(id=account), by=BY_ITSELF)
    await works.quiet()
    assert subjects(inbox) == ["You have an account already"]


async def test_an_erased_person_gets_no_mail(
    works: Works, build: BuildProcesses, ring: KeyRing, inbox: Inbox
) -> None:
    await works.stop(await works.start(*build()))
    account = await opened(works.bus)
    invitation = uuid4()
    invite = InviteUser(id=invitation, email="bob@example.org", token_hash="0" * 64)
    await accepted(works.bus, invite, by=ADMIN)
    await ring.destroy(ACCOUNTS, account)
    await ring.destroy(ADMIN.tenant_id, invitation)
    await works.start(*build())
    await works.quiet()
    assert (await results(works), inbox.messages) == (["erased", "erased"], [])


async def test_a_closed_account_gets_no_mail(works: Works, build: BuildProcesses, inbox: Inbox) -> None:
    runner = await works.start(*build())
    await works.stop(runner)
    account = await opened(works.bus)
    await accepted(works.bus, CloseAccount(id=account), by=BY_ITSELF)
    await works.start(*build())
    await works.quiet()
    assert (await results(works), inbox.messages) == (["gone"], [])


async def test_a_link_that_has_expired_or_was_taken_back_is_not_sent(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    account = await opened(works.bus)
    await works.stop(await works.start(*build()))
    request = RequestPasswordReset(id=uuid4(), account_id=account, token_hash="0" * 64)
    await accepted(works.bus, request, by=BY_ITSELF)
    invitation = uuid4()
    invite = InviteUser(id=invitation, email="bob@example.org", token_hash="0" * 64)
    await accepted(works.bus, invite, by=ADMIN)
    await accepted(works.bus, WithdrawInvitation(id=invitation), by=ADMIN)
    works.clock.pass_(hours=2)
    await works.start(*build())
    await works.quiet()
    assert (sorted(await results(works)), inbox.messages) == (["expired", "withdrawn"], [])


async def test_an_address_that_is_refused_for_good_is_not_tried_again(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    inbox.refuses["ann@example.org"] = "550 no such user"
    await works.start(*build())
    await opened(works.bus)
    await works.quiet()
    assert await results(works) == ["refused: the server answered 550"]


async def test_mail_waits_for_a_server_that_is_down(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    works.clock.tick = 10
    port = free_port()
    await works.start(*build(port))
    await opened(works.bus)
    await until(lambda: _tried(works, 2))
    assert inbox.messages == []
    async with mail_server(inbox, port=port):
        await works.quiet()
    assert subjects(inbox) == ["Welcome to Headwater"]


async def test_a_server_that_died_after_the_message_gets_it_again_under_the_same_id(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    works.clock.tick = 10
    inbox.breaks_off = 1
    await works.start(*build())
    await opened(works.bus)
    await works.quiet()
    assert len(inbox.ids) == 2
    assert len(set(inbox.ids)) == 1


async def test_a_second_worker_and_a_worker_started_again_send_nothing_more(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    first = await works.start(*build())
    await works.start(*build(), wait=False)
    for name in ("ann", "bob", "carl"):
        await opened(works.bus, name)
    await works.quiet()
    await works.stop(first)
    await works.start(*build(), wait=False)
    await opened(works.bus, "dora")
    await works.quiet()
    assert sorted(inbox.recipients) == [[f"{name}@example.org"] for name in ("ann", "bob", "carl", "dora")]


async def test_what_happened_before_mails_were_sent_is_not_mailed(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    await opened(works.bus)
    await works.start(*build())
    await opened(works.bus, "bob")
    await works.quiet()
    assert inbox.recipients == [["bob@example.org"]]


async def test_nothing_that_is_stored_of_a_mail_is_a_secret(
    works: Works, build: BuildProcesses, inbox: Inbox
) -> None:
    account = await opened(works.bus)
    await works.start(*build())
    request = RequestPasswordReset(id=uuid4(), account_id=account, token_hash="0" * 64)
    await accepted(works.bus, request, by=BY_ITSELF)
    await works.quiet()
    [(row,)] = await works.rows("select row_to_json(l)::text from processes.ledger l")
    mac = TOKENS.of("reset", request.id).rpartition(".")[2]
    assert mac in text_of(inbox.messages[0])
    assert mac not in row
    assert "ann@example.org" not in row


async def _tried(works: Works, times: int) -> bool:
    [(attempts,)] = await works.rows("select max(attempts) from processes.ledger")
    return bool(attempts and attempts >= times)


@pytest.mark.parametrize("kind", [AccountMails.Verify, AccountMails.Reset])
def test_a_mail_is_tried_for_hours_before_somebody_has_to_look(kind: type[AccountMails.Verify]) -> None:
    pauses = (kind.policy.pause_after(attempt) for attempt in range(1, kind.policy.attempts))
    assert timedelta(seconds=sum(pauses)) > timedelta(hours=4)
