"""Passwords changed and reset, addresses proved."""

import asyncio
from datetime import timedelta
from uuid import UUID

from app.mail.mailed_tokens import RESET, VERIFY, MailedTokens
from app.storage.database import Connection
from domain.identity.accounts import Account
from domain.identity.password_resets import PasswordReset, ResetNotValid, ResetPassword
from domain.kit.scenario import NOON, given, on
from tests.auth.people import mailed, post, refusal, registered, reset_token
from tests.kit.product import Product

NEW = "another battery staple"
ME = "{ mySessions { nodes { id } } }"
ACCOUNT, ID = UUID(int=3), UUID(int=4)
OPENED = on(ACCOUNT, Account.Opened(email="a@example.com", first_name="Ada", password_hash="old"))
REQUESTED = PasswordReset.Requested(
    account_id=ACCOUNT, token_hash="h", expires_at=NOON + PasswordReset.good_for
)
RESET_PASSWORD = ResetPassword(id=ID, account_id=ACCOUNT, password_hash="new")


def test_a_reset_sets_the_password_and_proves_the_address() -> None:
    given(OPENED, REQUESTED).when(RESET_PASSWORD).then(
        PasswordReset.Used(),
        Account.EmailVerified(cleared=True),
        Account.PasswordChanged(password_hash="new"),
    )


def test_a_reset_is_used_once() -> None:
    given(OPENED, REQUESTED, PasswordReset.Used()).when(RESET_PASSWORD).refused(ResetNotValid)


def test_a_reset_expires() -> None:
    given(OPENED, REQUESTED).at(NOON + PasswordReset.good_for).when(RESET_PASSWORD).refused(ResetNotValid)
    soon = NOON + PasswordReset.good_for - timedelta(microseconds=1)
    assert given(OPENED, REQUESTED).at(soon).when(RESET_PASSWORD).refusal is None


def test_a_reset_is_for_the_account_that_asked() -> None:
    other = on(UUID(int=9), Account.Opened(email="b@example.com", first_name="Eve", password_hash="old"))
    command = ResetPassword(id=ID, account_id=UUID(int=9), password_hash="new")
    given(OPENED, other, REQUESTED).when(command).refused(ResetNotValid)


async def test_a_reset_by_mail_ends_all_sessions(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    token = await reset_token(product, owner, ada)
    assert (await post(product.http, "password/reset", {"token": token, "password": NEW})).status_code == 200
    assert (await ada.client.post(ME)).status_code == 401
    assert refusal(await ada.sign_in()) == (401, "sign_in_refused")
    assert (await ada.sign_in(NEW)).status_code == 200
    again = await post(product.http, "password/reset", {"token": token, "password": "a third password"})
    assert refusal(again) == (400, "reset_not_valid")


async def test_only_our_own_links_reset(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    token = await reset_token(product, owner, ada)
    forged = MailedTokens("cd" * 32).of(RESET, UUID(hex=token.split(".")[1]))
    other_kind = mailed(product).of(VERIFY, UUID(hex=token.split(".")[1]))
    for bad in (forged, other_kind, token[:-1], "", "reset.x.y", f"{token}.{token}"):
        response = await post(product.http, "password/reset", {"token": bad, "password": NEW})
        assert refusal(response) == (400, "reset_not_valid")
    assert (await ada.sign_in()).status_code == 200


async def test_a_weak_password_does_not_use_the_link_up(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    token = await reset_token(product, owner, ada)
    weak = await post(product.http, "password/reset", {"token": token, "password": "short"})
    assert refusal(weak) == (400, "password_too_weak")
    assert (await post(product.http, "password/reset", {"token": token, "password": NEW})).status_code == 200


async def test_a_new_password_keeps_only_the_session_that_set_it(product: Product) -> None:
    ada = await registered(product)
    here = await ada.again()
    document = (
        "mutation($a: String!, $b: String!) { changePassword(current: $a, password: $b)"
        " { __typename ... on Refused { code } } }"
    )
    wrong = (await here.client.post(document, {"a": "wrong password", "b": NEW})).json()
    assert wrong["data"]["changePassword"]["code"] == "sign_in_refused"
    right = (await here.client.post(document, {"a": ada.password, "b": NEW})).json()
    assert right["data"]["changePassword"]["__typename"] == "Done"
    assert (await here.client.post(ME)).status_code == 200
    assert (await ada.client.post(ME)).status_code == 401


async def test_of_many_new_passwords_at_once_one_holds(product: Product) -> None:
    ada = await registered(product)
    document = (
        "mutation($a: String!, $b: String!) { changePassword(current: $a, password: $b)"
        " { __typename ... on Refused { code } } }"
    )
    wanted = [f"another battery staple {number}" for number in range(5)]
    answers = await asyncio.gather(
        *(ada.client.post(document, {"a": ada.password, "b": password}) for password in wanted)
    )
    held = [
        password
        for password, answer in zip(wanted, answers, strict=True)
        if answer.status_code == 200 and answer.json()["data"]["changePassword"]["__typename"] == "Done"
    ]
    assert len(held) == 1
    assert (await post(product.http, "sign-in", {"email": ada.email, "password": held[0]})).status_code == 200


async def test_a_password_ends_sessions_in_the_event_itself(product: Product, owner: Connection) -> None:
    """Whoever dies between the new password and the ends of the sessions leaves none of them alive."""
    ada = await registered(product)
    await owner.execute(
        "update auth_g1.accounts set sessions_after = (select max(position) from es.events) where id = $1",
        ada.id,
    )
    refreshed = await post(product.http, "refresh", {"refreshToken": ada.given["refreshToken"]})
    assert refusal(refreshed) == (401, "refresh_refused")


async def test_proves_an_address_once(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    verified = "select email_verified from auth.accounts where id = $1"
    assert await owner.fetchval(verified, ada.id) is False
    id = await owner.fetchval(
        "select originator_id from es.events where type = 'identity.email_verification.requested'"
        " and payload->>'account_id' = $1",
        str(ada.id),
    )
    token = mailed(product).of(VERIFY, id)
    assert (await post(product.http, "verify-email", {"token": token})).status_code == 200
    assert await owner.fetchval(verified, ada.id) is True
    again = await post(product.http, "verify-email", {"token": token})
    assert refusal(again) == (400, "verification_not_valid")
