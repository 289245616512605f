"""Commands: what their ``handle`` may ask for, told when the class is made, and how a repeat is known."""

import types
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest

from domain.kit.caller import Caller
from domain.kit.commands import Command, commands, require_references
from domain.kit.events import Event
from domain.kit.fields import References
from domain.kit.refusals import Forbidden, Invalid, NotFound, Refusal, refusals
from domain.kit.wiring.needs import noun
from tests.domain.envelopes import STREAM
from tests.domain.toys import Account, NoteAccount, OpenAccount, OpenSavings, Overdrawn, Pay, Transfer


def test_is_given_what_its_fields_name() -> None:
    needs = [(need.parameter, need.aggregate, need.field) for need in Transfer.wiring.needs]
    assert needs == [("account", Account, "id"), ("to", Account, "to_id")]


def test_knows_what_it_makes() -> None:
    assert OpenSavings.wiring.creates is OpenSavings.wiring.target is Account


def test_knows_what_it_changes() -> None:
    assert Pay.wiring.creates is None
    assert Pay.wiring.target is Account


def test_knows_what_it_refers_to() -> None:
    assert NoteAccount.references == (("beside", "toys.account"),)


def test_is_stored_under_context_and_name() -> None:
    assert commands()["toys.open_account"] is OpenAccount


def declare(name: str, fields: dict[str, Any], handle: object) -> None:
    body = {"__annotations__": fields, "__module__": __name__} | ({"handle": handle} if handle else {})
    types.new_class(name, (Command,), exec_body=lambda namespace: namespace.update(body))


def refused(handle: object, **fields: Any) -> str:
    """Why a command with this handle and these fields cannot be."""
    with pytest.raises(TypeError) as error:
        declare("Bad", fields, handle)
    return str(error.value)


def test_a_command_without_handle_is_refused() -> None:
    assert refused(None) == "Bad has no method handle."


def test_asking_for_anything_else_is_refused() -> None:
    def handle(self: Command, clock: int) -> None: ...

    assert refused(handle) == "Bad.handle asks for 'clock', which cannot be injected."


def test_asking_without_a_type_is_refused() -> None:
    def handle(self, account) -> None: ...  # type: ignore[no-untyped-def]

    assert refused(handle) == "Bad.handle asks for 'account', which cannot be injected."


def test_asking_for_an_aggregate_that_no_field_names_is_refused() -> None:
    def handle(self: Command, account: Account, other: Account) -> None: ...

    assert refused(handle, amount=int) == "Bad.handle asks for 'other', but no field names it."


def test_every_command_has_an_id() -> None:
    class Pong(Command):
        def handle(self, account: Account) -> None: ...

    assert Pong(id=STREAM) == Pong(id=STREAM) != Pong(id=UUID(int=9))
    assert [need.field for need in Pong.wiring.needs] == ["id"]
    with pytest.raises(TypeError, match="id"):
        Pong()  # type: ignore[call-arg]


def test_making_and_being_given_the_same_is_refused() -> None:
    def handle(self: Command, account: Account) -> Account:
        return account

    assert refused(handle) == "Bad.handle both makes and is given what its id names."


@pytest.mark.parametrize("returned", [int, Event, dict[str, int]])
def test_returning_anything_else_is_refused(returned: object) -> None:
    def handle(self: Command) -> Any: ...

    handle.__annotations__["return"] = returned
    assert refused(handle) == "Bad.handle must say that it returns an aggregate, or None."


def test_not_saying_what_is_returned_is_refused() -> None:
    def handle(self: Command, account: Account): ...  # type: ignore[no-untyped-def]

    assert refused(handle) == "Bad.handle must say that it returns an aggregate, or None."


def test_two_commands_of_one_name_are_refused() -> None:
    def handle(self: Command, account: Account) -> None: ...

    with pytest.raises(TypeError, match=r"Two commands are stored as 'toys\.open_account'"):
        declare("OpenAccount", {"id": UUID}, handle)


def test_is_frozen_and_made_by_keyword_alone() -> None:
    pay = Pay(id=STREAM, amount=3)
    with pytest.raises(AttributeError):
        pay.amount = 4  # type: ignore[misc]
    with pytest.raises(TypeError):
        Pay(STREAM, 3)  # type: ignore[call-arg]


def test_the_same_content_has_the_same_digest() -> None:
    assert Pay(id=STREAM, amount=3).digest == Pay(id=STREAM, amount=3).digest


def test_a_default_said_or_left_out_is_the_same_content() -> None:
    assert NoteAccount(id=STREAM).digest == NoteAccount(id=STREAM, beside=None).digest


@pytest.mark.parametrize(
    "other",
    [Pay(id=STREAM, amount=4), Pay(id=UUID(int=9), amount=3), Transfer(id=STREAM, to_id=STREAM, amount=3)],
)
def test_other_content_has_another_digest(other: Command) -> None:
    assert Pay(id=STREAM, amount=3).digest != other.digest


def test_content_that_no_json_holds_has_a_digest_too() -> None:
    half, whole = OpenAccount(id=STREAM, owner="\ud800"), OpenAccount(id=STREAM, owner="x")
    assert len({half.digest, whole.digest, Pay(id=STREAM, amount=2**70).digest}) == 3


def test_a_topic_names_its_things() -> None:
    assert noun("commerce.order_line") == "order line"


def test_a_refusal_speaks_by_its_docstring() -> None:
    refusal = Overdrawn(field="amount", balance=3)
    assert refusal.message == str(refusal) == "There are only 3 on this account."
    assert (refusal.code, refusal.field, refusal.facts) == ("overdrawn", "amount", {"balance": 3})


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (Invalid(field="title", reason="must not be empty"), "Title must not be empty."),
        (NotFound(field="project_id", what="project"), "There is no such project."),
        (Forbidden(permission="ops:views"), "This needs the permission ops:views."),
        (Invalid(field="title", reason="holds {braces}"), "Title holds {braces}."),
    ],
)
def test_facts_stand_in_the_message(refusal: Refusal, message: str) -> None:
    assert refusal.message == message


def test_a_refusal_that_is_not_given_what_it_says_is_told_by_its_name() -> None:
    with pytest.raises(TypeError, match=r"^NotFound speaks of 'what', but was given waht\."):
        NotFound(field="id", waht="task")


def test_codes_are_known() -> None:
    assert {"overdrawn", "not_found", "already_exists", "command_id_reused"} <= set(refusals())


def test_two_refusals_of_one_code_are_refused() -> None:
    with pytest.raises(TypeError, match="Two refusals have the code 'not_found'"):
        type("NotFound", (Refusal,), {})


@pytest.mark.parametrize(
    ("granted", "permission", "may"),
    [
        ({"ops:views"}, "ops:views", True),
        ({"ops:*"}, "ops:views", True),
        ({"ops:*"}, "ops:views:rebuild", True),
        ({"*"}, "ops:views", True),
        ({"ops:views"}, "ops:log", False),
        ({"ops:views"}, "ops:views:rebuild", False),
        ({"ops"}, "ops:views", False),
        ({"work:*"}, "ops:views", False),
        ({"*:views"}, "ops:views", False),
        (set[str](), "ops:views", False),
    ],
)
def test_a_caller_may_what_was_granted(granted: set[str], permission: str, may: bool) -> None:
    caller = Caller(tenant_id=UUID(int=1), user_id=UUID(int=2), permissions=frozenset(granted))
    assert caller.may(permission) is may


def test_references_may_be_optional() -> None:
    class NameAccount(Command):
        stored_as = "toys.name_account"

        account: Annotated[UUID, References("toys.account")] | None = None
        at: datetime = datetime(2030, 1, 1, tzinfo=UTC)

        def handle(self) -> None: ...

    assert NameAccount.references == (("account", "toys.account"),)


def test_a_reference_to_what_there_is_not_is_told_by_command_and_field() -> None:
    require_references([NoteAccount], {"toys.account"})
    with pytest.raises(TypeError, match=r"^NoteAccount\.beside refers to 'toys\.account'"):
        require_references([NoteAccount], {"toys.acount"})
