"""Addresses that somebody else opened an account with: the first proof leaves nothing of what was put in."""

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.auth.account_takeback import Disowning
from app.composition.write_side import written
from app.storage.database import Connection
from domain.identity.account_commands import (
    JoinTenant,
    LapseAccount,
    LinkProvider,
    TakeSecondFactor,
    WithdrawAccount,
)
from domain.identity.accounts import LAPSES_AFTER, Account, AccountLasts, NoSecondFactor
from domain.identity.authorization import BaseRole
from domain.identity.email_verifications import EmailVerification, VerificationNotValid, VerifyEmail
from domain.identity.password_resets import PasswordReset, ResetNotValid, ResetPassword
from domain.identity.registration import RegisterUser
from domain.kit.bus.bus import Bus
from domain.kit.caller import ACCOUNTS, PLATFORM, SYSTEM, Caller
from domain.kit.clock import TimeOrderedIds, at
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from domain.kit.process.process_scenario import rehearse
from domain.kit.refusals import Refusal
from domain.kit.scenario import NOON, given, on
from domain.processes.account_lapse import AccountLapse
from tests.auth.people import Person, post, refusal, registered, reset_token, somebody
from tests.auth.test_joining import SWITCH, accepted, invited
from tests.auth.test_keys_of_machines import key_of, post_as
from tests.auth.test_second_factor import enrol
from tests.kit.processes import until
from tests.kit.product import Product
from tests.operations.command_line import CommandLine

ID, LINK = UUID(int=3), UUID(int=4)
OPENED = Account.Opened(email="a@example.com", first_name="Ada", password_hash="strangers")
PROVED = Account.Opened(email="a@example.com", first_name="Ada", password_hash="h", email_verified=True)
FACTOR = Account.SecondFactorSet(secret="s", recovery_hashes=("x",))
NEW = "another battery staple"
ME = "{ me { name email } mySessions { nodes { id } } }"


def test_a_first_proof_by_a_provider_clears_the_account() -> None:
    given(OPENED).when(LinkProvider(id=ID, identity="x")).then(
        Account.EmailVerified(cleared=True), Account.ProviderLinked(identity="x")
    )


def test_a_later_one_clears_nothing() -> None:
    given(PROVED).when(LinkProvider(id=ID, identity="x")).then(Account.ProviderLinked(identity="x"))


@pytest.mark.parametrize("ended_by", ["password", "reset", "clearing"])
def test_a_new_password_ends_every_older_link(ended_by: str) -> None:
    account = on(ID, OPENED)
    requested = PasswordReset.Requested(
        account_id=ID, token_hash="h", expires_at=NOON + PasswordReset.good_for, generation=0
    )
    what: dict[str, tuple[Account.PasswordChanged | Account.EmailVerified, ...]] = {
        "password": (Account.PasswordChanged(password_hash="n"),),
        "reset": (Account.EmailVerified(cleared=True), Account.PasswordChanged(password_hash="n")),
        "clearing": (Account.EmailVerified(cleared=True),),
    }
    command = ResetPassword(id=LINK, account_id=ID, password_hash="later")
    assert given(account, requested).when(command).refusal is None
    given(on(ID, OPENED, *what[ended_by]), requested).when(command).refused(ResetNotValid)


def test_a_new_password_ends_older_links_that_prove_an_address() -> None:
    requested = EmailVerification.Requested(
        account_id=ID, token_hash="h", expires_at=NOON + PasswordReset.good_for
    )
    changed = on(ID, OPENED, Account.PasswordChanged(password_hash="n"))
    given(changed, requested).when(VerifyEmail(id=LINK, account_id=ID)).refused(VerificationNotValid)


def test_an_unproved_account_lapses_after_thirty_days() -> None:
    lapse = LapseAccount(id=ID)
    given(OPENED).when(lapse).refused(AccountLasts)
    opened = OPENED.stamped(ID, 1, NOON)
    for later, proved, lapses in (
        (LAPSES_AFTER, False, True),
        (LAPSES_AFTER - timedelta(seconds=1), False, False),
        (LAPSES_AFTER, True, False),
    ):
        account = opened.mutate(None)
        assert isinstance(account, Account)
        account.email_verified = proved
        with at(NOON + later), nullcontext() if lapses else pytest.raises(AccountLasts):
            lapse.handle(account, NOON + later)


def test_an_account_is_withdrawn_only_while_nothing_came_of_it() -> None:
    withdraw = WithdrawAccount(id=ID)
    given(OPENED).when(withdraw).then(Account.Lapsed())
    given(OPENED, Account.Lapsed()).when(withdraw).refused(AccountLasts)
    given(OPENED, Account.EmailVerified()).when(withdraw).refused(AccountLasts)
    given(OPENED, Account.Joined(tenant_id=ID)).when(withdraw).refused(AccountLasts)


def test_the_lapse_is_waited_for_until_the_address_is_proved() -> None:
    process = rehearse(AccountLapse()).happens(OPENED)
    assert process.timers == {"lapse": NOON + LAPSES_AFTER}
    assert process.happens(Account.EmailVerified()).timers == {}
    assert rehearse(AccountLapse()).happens(OPENED).happens(Account.Lapsed()).timers == {}
    assert rehearse(AccountLapse()).happens(PROVED).timers == {}
    process = rehearse(AccountLapse()).happens(OPENED).due("lapse").decides(LapseAccount(id=UUID(int=1)))
    assert process.failed("account_lasts").timers == {"lapse": process.moment + timedelta(days=1)}


def test_an_operator_takes_a_second_factor_that_there_is() -> None:
    command = TakeSecondFactor(id=ID, asked_by="olive")
    given(PROVED, FACTOR, Account.SecondFactorConfirmed()).when(command).then(
        Account.SecondFactorRemoved(asked_by="olive")
    )
    given(PROVED).when(command).refused(NoSecondFactor)


async def test_the_address_of_a_lapsed_account_is_free(product: Product, owner: Connection) -> None:
    eve = await registered(product)
    async with written(product.settings) as side:
        bus = Bus(side.log, side.codec, Later(), TimeOrderedIds(), environment="test")
        outcome = await bus.send(LapseAccount(id=eve.id), by=Caller(tenant_id=ACCOUNTS, user_id=SYSTEM))
    assert not isinstance(outcome, Refusal), outcome
    assert (await eve.client.post(ME)).status_code == 401
    assert refusal(await eve.sign_in()) == (401, "sign_in_refused")
    fresh = somebody() | {"email": eve.email}
    assert (await post(product.http, "register", fresh)).status_code == 200
    assert (await eve.sign_in()).json()["accountId"] != str(eve.id)


class Later:
    """A clock that is thirty-one days ahead."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=31)


async def test_a_reset_by_mail_leaves_nothing_of_who_opened_the_account(
    product: Product, owner: Connection
) -> None:
    eve = await registered(product)
    await enrol(eve)
    key = await key_of(eve, "work:read")
    assert (await post_as(product, {"x-api-key": key}, ME)).status_code == 200
    token = await reset_token(product, owner, eve)
    assert (await post(product.http, "password/reset", {"token": token, "password": NEW})).status_code == 200

    response = await eve.sign_in(NEW)
    assert response.json().get("accessToken"), "no second factor is asked for"
    assert response.json()["tenantId"] is None, "and it is not the company of whoever opened it"
    assert (await eve.client.post(ME)).status_code == 401
    assert (await post_as(product, {"x-api-key": key}, ME)).status_code == 401
    refreshed = await post(product.http, "refresh", {"refreshToken": eve.given["refreshToken"]})
    assert refreshed.status_code == 401
    ada = Person(product.http, eve.email, response.json(), NEW)
    switched = await ada.client.post(SWITCH, {"t": eve.given["tenantId"]})
    assert switched.json()["data"]["switchTenant"]["code"] == "not_in_tenant"
    member = "select count(*) from tenancy.tenant_memberships where tenant_id = $1 and user_id = $2"

    async def gone() -> bool:
        tenant = UUID(eve.given["tenantId"])
        revoked = await owner.fetchval("select revoked_at from auth.api_keys where tenant_id = $1", tenant)
        return await owner.fetchval(member, tenant, eve.id) == 0 and revoked is not None

    await until(gone)


async def test_who_joins_where_somebody_else_was_under_their_address_revives_nothing(
    product: Product, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the reset, before anything was ended in the company; an admin there invites the true owner."""
    eve, bob = await registered(product), await registered(product)
    key = await key_of(eve, "work:read")
    tenant = UUID(eve.given["tenantId"])
    async with written(product.settings) as side:
        register = RegisterUser(
            id=bob.id, email=bob.email, first_name="Bob", last_name="", role=BaseRole.ADMIN
        )
        by = Caller(tenant_id=tenant, user_id=SYSTEM, permissions=ROLES["owner"])
        assert isinstance(await side.bus.send(register, by=by), AppendReceipt)
        join = JoinTenant(id=bob.id, tenant_id=tenant)
        by = Caller(tenant_id=ACCOUNTS, user_id=SYSTEM)
        assert isinstance(await side.bus.send(join, by=by), AppendReceipt)
    body = {"email": bob.email, "password": bob.password, "tenantId": str(tenant)}
    admin = Person(product.http, bob.email, (await post(product.http, "sign-in", body)).json())
    reset = await reset_token(product, owner, eve)
    with monkeypatch.context() as patch:
        patch.setattr(Disowning, "begin", lambda *_: None)
        await post(product.http, "password/reset", {"token": reset, "password": NEW})
    assert (await post_as(product, {"x-api-key": key}, ME)).status_code == 401
    _, token = await invited(product, admin, eve.email)
    joined = await accepted(product, {"token": token, "password": NEW})
    assert joined["__typename"] == "SignedIn", joined
    answer = await post_as(product, {"authorization": f"Bearer {joined['accessToken']}"}, "{ me { role } }")
    assert answer.json()["data"]["me"] == {"role": "MEMBER"}
    assert (await post_as(product, {"x-api-key": key}, ME)).status_code == 401


async def test_operators_remove_a_lost_factor_and_others_do_not(product: Product, owner: Connection) -> None:
    ada, admin = await registered(product), await registered(product)
    await enrol(ada)
    document = f'mutation {{ removeSecondFactorOf(email: "{ada.email}") {{ __typename }} }}'
    denied = (await admin.client.post(document)).json()
    assert denied["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "challenge" in (await ada.sign_in()).json()
    olive = uuid4()
    operator = product.token(PLATFORM, olive, ROLES["operator"])
    answer = await product.http.post(
        "/graphql", json={"query": document}, headers={"authorization": f"Bearer {operator}"}
    )
    assert answer.json()["data"]["removeSecondFactorOf"] == {"__typename": "Done"}
    assert "accessToken" in (await ada.sign_in()).json()
    noted = await owner.fetchrow(
        "select user_id, payload->>'asked_by' as asked_by from es.events"
        " where originator_id = $1 and type = 'identity.account.second_factor_removed'",
        ada.id,
    )
    assert noted is not None
    assert (noted["user_id"], noted["asked_by"]) == (olive, str(olive))


async def test_the_command_line_removes_a_lost_factor(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    await enrol(ada)
    done = await _typed(product, "remove-factor", ada.email.upper(), "--yes")
    assert done == (0, f"{ada.email.upper()} signs in without a second factor until another one is set up.\n")
    assert "accessToken" in (await ada.sign_in()).json()
    assert (await _typed(product, "remove-factor", ada.email, "--yes"))[0] == 1
    assert (await _typed(product, "remove-factor", "nobody@example.com", "--yes"))[0] == 1


async def _typed(product: Product, *words: str) -> tuple[int, str]:
    ran = await asyncio.to_thread(CommandLine(product.settings), "account", *words)
    return ran.code, ran.out
