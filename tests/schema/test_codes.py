"""Codes: each list that clients switch over is closed, and holds every code that an answer can have."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from graphql import GraphQLEnumType

from api.kit.execution.error_codes import ERROR_CODES, ErrorCode
from api.kit.schema.commands import Refused
from domain.identity.sign_in_refusals import TooManyAttempts
from domain.kit.refusals import Invalid, StaleVersion, Violation, ViolationCode
from tests.contracts.stored import product_refusals
from tests.schema.published import published

ROOT = Path(__file__).parents[2]
_CODE = re.compile("[A-Z]+(_[A-Z]+)+|FORBIDDEN|INTERNAL|UNAUTHENTICATED|UNAVAILABLE")


def values(name: str) -> set[str]:
    enum = published().type_map[name]
    assert isinstance(enum, GraphQLEnumType)
    assert all(value.description for value in enum.values.values())
    return set(enum.values)


def test_every_refusal_of_the_product_has_its_code_in_the_schema() -> None:
    assert values("RefusalCode") == {refusal.code for refusal in product_refusals()}


def test_every_code_of_a_violation_is_in_the_schema() -> None:
    assert values("ViolationCode") == {code.value for code in ViolationCode}


def said(path: Path) -> Iterator[str]:
    """The codes that a module says: as ``code=``, in a `RequestError`, or as ``{"code": ...}``."""
    for node in ast.walk(ast.parse(path.read_text())):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            found = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("of", "of_document"):
                found += node.args[1:2]
        elif isinstance(node, ast.Dict):
            found = [
                v
                for k, v in zip(node.keys, node.values, strict=True)
                if isinstance(k, ast.Constant) and k.value == "code"
            ]
        for value in found:
            if (
                isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and _CODE.fullmatch(value.value)
            ):
                yield value.value


def test_every_code_of_an_error_is_listed_and_described() -> None:
    listed = set(get_args(ErrorCode))
    assert listed == set(ERROR_CODES)
    codes = {
        code for floor in ("graphql", "app") for path in (ROOT / floor).rglob("*.py") for code in said(path)
    }
    assert len(codes) > 20
    assert codes <= listed


def test_a_refusal_of_an_input_names_every_field_as_the_api_does() -> None:
    refused = Refused.of(
        Invalid.of(
            [
                Violation(ViolationCode.TOO_SHORT, "must not be empty", ("tags", 1), 1, 50),
                Violation(ViolationCode.FORMAT, "must have a time zone", ("due_date",)),
            ]
        )
    )
    assert (refused.code.value, refused.field) == ("invalid", "tags")
    assert refused.message == "Entry 2 of tags must not be empty. Due date must have a time zone."
    assert [(v.path, v.code.value, v.message, v.minimum, v.maximum) for v in refused.violations] == [
        (["tags", "1"], "too_short", "Entry 2 of tags must not be empty.", 1, 50),
        (["dueDate"], "format", "Due date must have a time zone.", None, None),
    ]


def test_what_a_refusal_knows_besides_is_told_with_and_without_a_field() -> None:
    assert Refused.of(TooManyAttempts(retry_after=7)).retry_after == 7
    waits = Refused.of(TooManyAttempts(field="code", retry_after=7))
    assert (waits.retry_after, waits.violations[0].code.value, waits.violations[0].path) == (
        7,
        "rule",
        ["code"],
    )
    assert Refused.of(StaleVersion(field="id", version=3)).version == 3


def test_each_error_about_an_argument_says_which() -> None:
    folder = Path(__file__).parents[2] / "graphql"
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            said = {each.arg: each.value for each in node.keywords}
            code = said.get("code")
            if isinstance(code, ast.Constant) and code.value == "BAD_USER_INPUT":
                assert "argument" in said, f"{path}:{node.lineno}: use bad_argument"
