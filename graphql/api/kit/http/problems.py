"""What every route beside GraphQL answers when it does not do what was asked: one shape, in words of its own.

    {"error": {"code": "invalid", "message": "priority cannot be 'high'.", "field": "priority"}}

Codes are those of refusals, in snake case; ``field`` names a parameter or a member of the body, or is null. Where
fields are refused, ``violations`` has every one of them, as in GraphQL.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.kit.execution.value_messages import VARIABLE

Handler = Callable[[Request, Exception], Awaitable[Response]]

_OF_STATUS = {
    404: ("not_found", "There is nothing at this path."),
    405: ("method_not_allowed", "This path does not take this method; `Allow` says which ones it takes."),
}
# What graphql-core says of a value, and the same without its own words. What is found stands behind a space.
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    # What a scalar says of itself.
    (re.compile(r"(?!Expected |Enum |Value |\w+ cannot represent )([A-Z].*\.)", re.DOTALL), r": \1"),
    (re.compile(r".* to include required field '(\w+)'.*", re.DOTALL), "+ is required."),
    (re.compile(r".* not to include unknown field '(\w+)'.*", re.DOTALL), "+ is not known here."),
    (re.compile(r".*non-null type .* (?:not to be null|to be provided)\.", re.DOTALL), " is required."),
    (re.compile(r"Value (.*) does not exist in '\w+' enum\.", re.DOTALL), r" cannot be \1."),
    (
        re.compile(
            r"Value (.*) does not exist in '\w+' enum\. Did you mean the enum value (.*)\?", re.DOTALL
        ),
        r" cannot be \1. Did you mean \2?",
    ),
    (re.compile(r"String cannot represent.*", re.DOTALL), " must be a text."),
    (re.compile(r"Int cannot represent.*", re.DOTALL), " must be a whole number."),
    (re.compile(r"Float cannot represent.*", re.DOTALL), " must be a number."),
    (re.compile(r"Boolean cannot represent.*", re.DOTALL), " must be true or false."),
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
    error: dict[str, Any] = {"code": code, "message": message, "field": field}
    if violations:
        error["violations"] = violations
    return JSONResponse({"error": error}, status, {"cache-control": "no-store", **(headers or {})})


async def http_problem(request: Request, error: Exception) -> Response:
    """What the router itself refuses: a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    code, message = _OF_STATUS.get(error.status_code, ("refused", error.detail))
    return problem(error.status_code, code, message, headers=error.headers)


async def unexpected_problem(request: Request, error: Exception) -> Response:
    """A fault of ours; the server logs it."""
    return problem(500, "internal", "Something went wrong here.")


def plain(error: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Code, message and field of an error of a GraphQL answer, without what only GraphQL knows.

    Its extensions are JSON of any shape, hence Any.
    """
    code, message = str(error["extensions"]["code"]), str(error["message"])
    if code == "FORBIDDEN" and (permission := error["extensions"].get("permission")):
        return "forbidden", f"This needs the permission {permission}.", None
    if code == "COST_EXCEEDED":
        return "cost_exceeded", "This asks for too much at once: take smaller pages.", None
    code = "invalid" if code == "BAD_USER_INPUT" else code.lower()
    found = VARIABLE.fullmatch(message)
    if found is None:
        return code, message, None
    if code == "bad_request":
        # It is about one value.
        code = "invalid"
    _, name, path, said = found.groups()
    field = (path or "").lstrip(".") if name == "input" else name + (path or "")
    return code, *_worded(field, said[:_LONGEST])


def _worded(field: str, said: str) -> tuple[str, str | None]:
    for pattern, words in reversed(_WORDS):
        if (match := pattern.fullmatch(said)) is None:
            continue
        if words.startswith("+"):
            inner = f"{field}.{match[1]}" if field else match[1]
            return f"{inner}{words[1:]}", inner
        return f"{field or 'The body'}{match.expand(words)}", field or None
    return f"{field or 'The body'} is not valid.", field or None
