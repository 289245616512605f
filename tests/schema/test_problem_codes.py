"""Every code that a route beside GraphQL may answer with is in the page of errors."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from api.kit.execution.error_codes import ERROR_CODES
from api.kit.http.problem_codes import PROBLEM_CODES
from api.kit.schema.refusal_codes import MEANINGS

ROOT = Path(__file__).parents[2]
MADE_BY = {"problem", "_no", "_Refused"}
"""What makes such an answer; the status and the code stand first."""


@cache
def _told() -> frozenset[tuple[str, int, str]]:
    return frozenset(_answers())


def _answers() -> Iterator[tuple[str, int, str]]:
    for floor in ("app", "graphql/api"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MADE_BY:
                    match node.args[:2]:
                        case [ast.Constant(value=int(status)), ast.Constant(value=str(code))]:
                            yield path.name, status, code


def test_each_code_is_in_the_page_with_its_status() -> None:
    told = _told()
    assert {name for name, _, _ in told} >= {"routes.py", "rest.py", "metrics.py"}
    general = {code.lower() for code in ERROR_CODES} | {"invalid"} | set(MEANINGS)
    assert not [
        each for each in told if each[2] not in general and PROBLEM_CODES.get(each[2], (0,))[0] != each[1]
    ]


def test_each_code_of_the_page_is_used() -> None:
    used = {code for _, _, code in _told()} | {"refused", "not_found", "method_not_allowed"}
    assert not PROBLEM_CODES.keys() - used
