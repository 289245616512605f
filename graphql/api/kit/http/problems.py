"""What every route beside GraphQL answers when it does not do what was asked: one shape, in words of its own.

    {"type": "/docs/errors.md#invalid", "title": "Invalid", "status": 400, "detail": "priority cannot be 'high'.",
     "code": "invalid", "field": "priority", "violations": [{"path": ["priority"], "code": "unsuitable", …}]}

It is a problem as RFC 9457 has it. Codes are those of refusals and errors, in snake case, and those of
`problem_codes`; ``field`` names a parameter or a member of the body, or is null. ``violations`` has every field
that is wrong, as in GraphQL.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.kit.execution.value_messages import VARIABLE
from domain.kit.refusals import Violation, ViolationCode
from projections.kit.store.index_mapping import camel

PROBLEM_JSON = "application/problem+json"
Handler = Callable[[Request, Exception], Awaitable[Response]]

_OF_STATUS = {
    404: ("not_found", "There is nothing at this path."),
    405: ("method_not_allowed", "This path does not take this method; `Allow` says which ones it takes."),
}
# What graphql-core says of a value, and the same without its own words. What is found stands behind a space.
_WORDS: tuple[tuple[re.Pattern[str], str, ViolationCode], ...] = tuple(
    (re.compile(pattern, re.DOTALL), words, code)
    for pattern, words, code in (
        # What a scalar says of itself.
        (r"(?!Expected |Enum |Value |\w+ cannot represent )([A-Z].*\.)", r": \1", ViolationCode.FORMAT),
        (r".* to include required field '(\w+)'.*", "+ is required.", ViolationCode.REQUIRED),
        (r".* not to include unknown field '(\w+)'.*", "+ is not known here.", ViolationCode.UNSUITABLE),
        (r".*non-null type .* (?:not to be null|to be provided)\.", " is required.", ViolationCode.REQUIRED),
        (r"Value (.*) does not exist in '\w+' enum\.", r" cannot be \1.", ViolationCode.UNSUITABLE),
        (
            r"Value (.*) does not exist in '\w+' enum\. Did you mean the enum value (.*)\?",
            r" cannot be \1. Did you mean \2?",
            ViolationCode.UNSUITABLE,
        ),
        (r"String cannot represent.*", " must be a text.", ViolationCode.FORMAT),
        (r"Int cannot represent.*", " must be a whole number.", ViolationCode.FORMAT),
        (r"Float cannot represent.*", " must be a number.", ViolationCode.FORMAT),
        (r"Boolean cannot represent.*", " must be true or false.", ViolationCode.FORMAT),
    )
)
_LONGEST = 500


def problem(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
    violations: Sequence[Mapping[str, Any]] = (),
) -> Response:
    """The answer."""
    shown: dict[str, Any] = {"code": code, "message": message, "field": field}
    if violations:
        shown["violations"] = violations
    about = {
        "type": f"/docs/errors.md#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": message,
        "code": code,
        "field": field,
        "violations": violations,
        # What clients read before this was a problem.
        "error": shown,
    }
    return JSONResponse(about, status, {"cache-control": "no-store", **(headers or {})}, PROBLEM_JSON)


def shown_violation(violation: Violation) -> dict[str, Any]:
    """A violation as these answers have it, its fields named as clients name them."""
    return {
        "path": [camel(part) if isinstance(part, str) else str(part) for part in violation.path],
        "code": violation.code,
        "message": violation.message,
        "minimum": violation.minimum,
        "maximum": violation.maximum,
    }


def wrong(
    field: str,
    message: str,
    code: ViolationCode,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> dict[str, Any]:
    """The violation of a parameter or a member of a body; ``tags[1]`` is an entry of a list."""
    path = [part for part in re.split(r"[.\[\]]+", field) if part]
    return {"path": path, "code": code, "message": message, "minimum": minimum, "maximum": maximum}


async def http_problem(request: Request, error: Exception) -> Response:
    """What the router itself refuses: a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    code, message = _OF_STATUS.get(error.status_code, ("refused", error.detail))
    return problem(error.status_code, code, message, headers=error.headers)


async def unexpected_problem(request: Request, error: Exception) -> Response:
    """A fault of ours; the server logs it."""
    return problem(500, "internal", "Something went wrong here.")


@dataclass(frozen=True, slots=True)
class PlainError:
    """What an answer of GraphQL is told as here."""

    code: str
    message: str
    field: str | None = None
    violations: Sequence[Mapping[str, Any]] = ()


def plain_error(errors: Sequence[Mapping[str, Any]]) -> PlainError:
    """The first error of a GraphQL answer, without what only GraphQL knows, and every field that is wrong.

    Extensions are JSON of any shape, hence Any.
    """
    first, *others = map(_plain_error, errors)
    violations = [wrong for each in (first, *others) for wrong in each.violations]
    return PlainError(first.code, first.message, first.field, violations)


def _plain_error(error: Mapping[str, Any]) -> PlainError:
    code, message, more = str(error["extensions"]["code"]), str(error["message"]), error["extensions"]
    if code == "FORBIDDEN" and (permission := more.get("permission")):
        return PlainError("forbidden", f"This needs the permission {permission}.")
    if code == "COST_EXCEEDED":
        return PlainError("cost_exceeded", "This asks for too much at once: take smaller pages.")
    code = "invalid" if code == "BAD_USER_INPUT" else code.lower()
    found = VARIABLE.fullmatch(message)
    if found is None and (field := more.get("argument")) is not None:
        least, most = more.get("minimum"), more.get("maximum")
        outside = wrong(field, message, ViolationCode.OUT_OF_RANGE, minimum=least, maximum=most)
        return PlainError(code, message, field, [outside])
    if found is None:
        return PlainError(code, message)
    if code == "bad_request":
        # It is about one value.
        code = "invalid"
    _, name, path, said = found.groups()
    field = (path or "").lstrip(".") if name == "input" else name + (path or "")
    message, inner, kind = _worded(field, said[:_LONGEST])
    return PlainError(code, message, inner, [wrong(inner or "", message, kind)])


def _worded(field: str, said: str) -> tuple[str, str | None, ViolationCode]:
    for pattern, words, kind in reversed(_WORDS):
        if (match := pattern.fullmatch(said)) is None:
            continue
        if words.startswith("+"):
            inner = f"{field}.{match[1]}" if field else match[1]
            return f"{inner}{words[1:]}", inner, kind
        return f"{field or 'The body'}{match.expand(words)}", field or None, kind
    return f"{field or 'The body'} is not valid.", field or None, ViolationCode.FORMAT
