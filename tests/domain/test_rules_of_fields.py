"""Rules of several fields, or of a field and the moment: told with the limits, and before anything is loaded."""

import ast
import inspect
import textwrap
import types
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from domain.gateway.admission.source_keys import IssueSourceKey
from domain.gateway.webhook_commands import RegisterWebhook, ReplayWebhook
from domain.identity.api_keys import CreateApiKey
from domain.identity.authorization import PermissionUnknown
from domain.kit.bus.checks import check, refusal_of
from domain.kit.commands import Command, commands
from domain.kit.refusals import Invalid, Violation, ViolationCode
from domain.kit.scenario import NOON
from domain.operations.interventions import ReplayEvents, RetryEffects
from domain.tenancy.subscription_commands import IssueInvoice, StartSubscription
from tests.contracts.stored import product_events
from tests.domain.toys import Account

ID = UUID(int=1)
KEY = {"id": ID, "name": "Key", "permissions": ("work:read",), "secret_hash": "0" * 64}


def amount(text: str) -> Decimal:
    """An amount."""
    return Decimal(text)


def wrong(command: Command) -> list[str]:
    """The fields that a command is refused for."""
    with pytest.raises(Invalid) as refused:
        check(command, NOON)
    return [str(violation.path[0]) for violation in refused.value.violations]


def test_a_moment_is_told_with_a_text_that_is_too_long() -> None:
    key = {**KEY, "name": "x" * 101, "expires_at": NOON, "permissions": ("none",)}
    assert wrong(CreateApiKey(**key)) == ["name", "permissions", "expires_at"]  # type: ignore[arg-type]


def test_one_rule_alone_answers_with_its_own_code() -> None:
    key = {**KEY, "permissions": ("none",), "expires_at": NOON + timedelta(days=1)}
    with pytest.raises(PermissionUnknown):
        check(CreateApiKey(**key), NOON)  # type: ignore[arg-type]


def test_every_command_tells_its_rules_with_its_limits() -> None:
    assert wrong(
        StartSubscription(id=ID, tier="x" * 1000, period_start=NOON, period_end=NOON - timedelta(days=1))
    ) == ["tier", "period_end"]
    assert wrong(RetryEffects(id=ID, asked_by="")) == ["effects", "asked_by"]
    assert wrong(ReplayEvents(id=ID, first=0, asked_by="me")) == ["stream", "first"]
    assert wrong(ReplayWebhook(id=ID, since=NOON)) == ["since"]
    assert wrong(IssueSourceKey(id=ID, key_id=ID, name="", secret_hash="0" * 64, expires_at=NOON)) == [
        "name",
        "expires_at",
    ]
    assert wrong(RegisterWebhook(id=ID, name="", url="ftp://x", types=("none",), secret="x" * 32)) == [
        "name",
        "url",
        "types",
    ]
    assert wrong(IssueInvoice(id=ID, number="", amount=amount("1.005"), currency="EUR", due_at=NOON)) == [
        "number",
        "amount",
    ]


def test_a_rule_of_what_is_wrong_by_itself_says_nothing() -> None:
    assert wrong(IssueInvoice(id=ID, number="1", amount=amount("-1"), currency="eur", due_at=NOON)) == [
        "amount",
        "currency",
    ]


def test_what_is_missing_is_told_beside_the_rules_that_need_it_not() -> None:
    missing = Violation(ViolationCode.REQUIRED, "is required", ("name",))
    values = {"id": ID, "permissions": ("work:read",), "expires_at": NOON}
    refused = refusal_of(CreateApiKey, values, NOON, [missing])
    assert refused is not None
    assert [violation.path for violation in refused.violations] == [("name",), ("expires_at",)]


def test_a_rule_of_no_field_is_refused_with_the_class() -> None:
    def require(number: int) -> None: ...

    def handle(self: Command, account: Account) -> None: ...

    with pytest.raises(TypeError, match="Bad has no field 'number', which require takes"):
        types.new_class(
            "Bad",
            (Command,),
            {"requires": (require,)},
            lambda body: body.update(
                {"handle": handle, "__module__": __name__, "stored_as": "toys.bad_rules"}
            ),
        )


# What each of them compares with is an aggregate, or who asks.
BY_STATE = {
    "gateway.retry_payment",
    "governance.request_erasure",
    "tenancy.create_tenant",
    "tenancy.renew_period",
}


def test_what_is_wrong_with_the_input_alone_is_found_by_no_handle() -> None:
    product_events()
    found = set[str]()
    for name, command in commands().items():
        if command.__module__.startswith("domain.") and not command.of:
            tree = ast.parse(textwrap.dedent(inspect.getsource(command.handle)))
            raised = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise))
            if any(ast.unparse(error).startswith("Invalid(") for error in raised if error is not None):
                found.add(name)
    assert found == BY_STATE
