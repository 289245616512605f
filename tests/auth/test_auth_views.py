"""What the views of signing in make of events."""

from datetime import timedelta
from uuid import UUID

from domain.identity.accounts import Account, AccountStatus
from domain.identity.password_resets import PasswordReset
from domain.identity.sessions import Ending, Session
from domain.kit.scenario import NOON, on
from projections.identity.auth_accounts import Accounts
from projections.identity.auth_resets import PasswordResets
from projections.identity.auth_sessions import Sessions, UserSessions
from projections.kit.store.tables import table_shape
from tests.kit.folding import folded

ID, USER, TENANT = UUID(int=3), UUID(int=4), UUID(int=5)
LATER = NOON + timedelta(days=14)
OPENED = Account.Opened(email="ada@example.com", first_name="Ada", password_hash="h")
STARTED = Session.Started(
    user_id=USER,
    tenant_id=TENANT,
    token_hash="t0",
    refresh_hash="r0",
    expires_at=LATER,
    method="password",
)


def test_an_account_follows_its_events() -> None:
    (row,) = folded(
        Accounts(),
        on(
            ID,
            OPENED,
            Account.EmailVerified(),
            Account.SecondFactorSet(secret="s", recovery_hashes=("a", "b")),
            Account.SecondFactorConfirmed(),
            Account.RecoveryCodeUsed(index=0),
            Account.Joined(tenant_id=TENANT),
            Account.Joined(tenant_id=USER),
            Account.Left(tenant_id=TENANT),
            Account.Suspended(),
        ),
    ).values()
    assert (row.email_verified, row.factor_confirmed, row.recovery_left) == (True, True, 1)
    assert (row.tenants, row.status) == ((USER,), AccountStatus.SUSPENDED)


def test_a_new_password_is_a_line_between_sessions() -> None:
    changed = Account.PasswordChanged(password_hash="n", kept_session=ID)
    (row,) = folded(Accounts(), on(ID, OPENED, Account.EmailVerified(), changed)).values()
    assert (row.password_hash, row.sessions_after, row.kept_session) == ("n", 3, ID)


def test_no_session_outlives_a_suspension() -> None:
    changed = Account.PasswordChanged(password_hash="n", kept_session=ID)
    (row,) = folded(Accounts(), on(ID, OPENED, changed, Account.Suspended())).values()
    assert (row.sessions_after, row.kept_session) == (3, None)
    (row,) = folded(Accounts(), on(ID, OPENED, changed, Account.Suspended(), Account.Reactivated())).values()
    assert (row.sessions_after, row.kept_session, row.status) == (4, None, AccountStatus.OPEN)


def test_an_erased_account_leaves_no_row() -> None:
    assert folded(Accounts(), on(ID, OPENED, Account.Erased())) == {}


def test_a_session_is_a_row_until_it_ends_and_a_line_of_history_after() -> None:
    rotated = Session.Rotated(token_hash="t1", refresh_hash="r1", expires_at=LATER)
    history = (
        STARTED,
        rotated,
        Session.SecondFactorShown(),
        Session.Switched(tenant_id=None, token_hash="t2"),
    )
    (row,) = folded(Sessions(), on(ID, *history)).values()
    assert (row.token_hash, row.refresh_token_hash) == ("t2", "r1")
    assert (row.second_factor, row.in_tenant) == (True, None)
    ended = Session.Ended(reason=Ending.SIGNED_OUT, user_id=USER)
    assert folded(Sessions(), on(ID, *history, ended)) == {}
    (line,) = folded(UserSessions(), on(ID, *history, ended)).values()
    assert (line.user_id, line.started_at, line.ended_at, line.reason) == (
        USER,
        NOON,
        NOON,
        Ending.SIGNED_OUT,
    )


def test_a_reset_is_used() -> None:
    requested = PasswordReset.Requested(account_id=USER, token_hash="t", expires_at=LATER)
    (row,) = folded(PasswordResets(), on(ID, requested, PasswordReset.Used())).values()
    assert (row.user_id, row.used) == (USER, True)


def test_sessions_are_indexed_as_they_are_looked_for() -> None:
    statements = " ".join(table_shape(Sessions, 1).make_indexes)
    for columns in ("user_id", "token_hash", "expires_at", "user_id, expires_at"):
        assert f"(tenant_id, {columns})" in statements
    assert statements.count("CREATE UNIQUE INDEX") == 2
