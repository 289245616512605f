"""The rules of accounts."""

from uuid import UUID

from domain.identity import account_commands as commands
from domain.identity.accounts import (
    Account,
    AccountNotOpen,
    AccountNotSuspended,
    NoSecondFactor,
    SecondFactorInUse,
)
from domain.kit.refusals import Invalid
from domain.kit.scenario import given

ID, TENANT = UUID(int=3), UUID(int=4)
OPENED = Account.Opened(email="ada@example.com", first_name="Ada", password_hash="h")
SET = Account.SecondFactorSet(secret="s", recovery_hashes=("one",))


def test_opens_with_the_address_in_lower_case() -> None:
    command = commands.OpenAccount(id=ID, email="Ada@Example.com", first_name=" Ada ", password_hash="h")
    given().when(command).then(OPENED)


def test_refuses_what_is_no_address() -> None:
    for email in ("", "ada", "ada@example", "a b@example.com", "a@example.com\n"):
        command = commands.OpenAccount(id=ID, email=email, first_name="Ada")
        given().when(command).refused(Invalid, field="email")


def test_a_provider_that_verified_the_address_voids_an_unproved_password() -> None:
    given(OPENED).when(commands.LinkProvider(id=ID, identity="x")).then(
        Account.EmailVerified(cleared=True),
        Account.ProviderLinked(identity="x"),
    )


def test_a_proved_password_stays() -> None:
    given(OPENED, Account.EmailVerified()).when(commands.LinkProvider(id=ID, identity="x")).then(
        Account.ProviderLinked(identity="x")
    )


def test_a_second_factor_that_is_asked_for_is_not_replaced() -> None:
    command = commands.SetSecondFactor(id=ID, secret="t", recovery_hashes=())
    given(OPENED, SET, Account.SecondFactorConfirmed()).when(command).refused(SecondFactorInUse)
    given(OPENED, SET).when(command).then(Account.SecondFactorSet(secret="t", recovery_hashes=()))


def test_confirms_what_there_is() -> None:
    given(OPENED, SET).when(commands.ConfirmSecondFactor(id=ID)).then(Account.SecondFactorConfirmed())
    given(OPENED).when(commands.ConfirmSecondFactor(id=ID)).refused(NoSecondFactor)
    given(OPENED).when(commands.RemoveSecondFactor(id=ID)).refused(NoSecondFactor)


def test_joins_a_tenant_once_and_leaves_it() -> None:
    joined = Account.Joined(tenant_id=TENANT)
    given(OPENED).when(commands.JoinTenant(id=ID, tenant_id=TENANT)).then(joined)
    given(OPENED, joined).when(commands.JoinTenant(id=ID, tenant_id=TENANT)).then()
    given(OPENED, joined).when(commands.LeaveTenant(id=ID, tenant_id=TENANT)).then(
        Account.Left(tenant_id=TENANT)
    )
    given(OPENED).when(commands.LeaveTenant(id=ID, tenant_id=TENANT)).then()


def test_a_suspended_account_changes_nothing_until_it_is_reactivated() -> None:
    suspended = Account.Suspended()
    given(OPENED).when(commands.SuspendAccount(id=ID)).then(suspended)
    for command in (
        commands.SuspendAccount(id=ID),
        commands.ChangePassword(id=ID, password_hash="n"),
        commands.SetSecondFactor(id=ID, secret="t", recovery_hashes=()),
        commands.LinkProvider(id=ID, identity="x"),
    ):
        given(OPENED, suspended).when(command).refused(AccountNotOpen)
    given(OPENED, suspended).when(commands.ReactivateAccount(id=ID)).then(Account.Reactivated())
    given(OPENED).when(commands.ReactivateAccount(id=ID)).refused(AccountNotSuspended)


def test_a_closed_account_is_not_reactivated() -> None:
    given(OPENED, Account.Closed()).when(commands.ReactivateAccount(id=ID)).refused(AccountNotSuspended)
    given(OPENED, Account.Closed()).when(commands.CloseAccount(id=ID)).then()


def test_erasing_ends_the_stream() -> None:
    given(OPENED).when(commands.EraseAccount(id=ID)).then(Account.Erased())
