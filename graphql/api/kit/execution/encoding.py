"""Answers as JSON: weighed before they are encoded, and whole even where one value is not fit for JSON."""

from typing import Any, cast

import orjson
from graphql import ExecutionResult

from api.kit.execution.errors import (
    RETRY_AFTER,
    TOO_LARGE,
    ClientError,
    RequestError,
    all_away,
    answer_errors,
    encode_errors,
    internal_error,
)

_OVERHEAD = 8
"""About what a value takes beside its text: quotes, a comma, a number."""
_LEAST, _MOST = -(2**63), 2**64 - 1


def encoded(
    result: ExecutionResult,
    extensions: dict[str, object],
    limit: int,
    *,
    written: bool,
    refuse: bool = False,
) -> bytes:
    """The answer as JSON of at most ``limit`` bytes, else an error that says so.

    Aliases show one text many times, so the tree is small where its JSON is not: it is weighed first. ``written``
    says that a mutation ran, which is then not told as if it had failed. With ``refuse``, an answer that only
    says what is away is a RequestError instead.
    """
    if _heavier(result.data, limit):
        return _too_large(limit, written)
    answer: dict[str, object] = {}
    if result.errors:
        answer["errors"] = errors = answer_errors(result.errors)
        if refuse and all_away(errors) and not any((result.data or {}).values()):
            raise RequestError(errors, status=503, headers={"retry-after": str(RETRY_AFTER)})
    answer["data"] = result.data
    if extensions:
        answer["extensions"] = extensions
    body = _dumped(answer)
    # Characters that JSON escapes take up to six times their weight.
    return body if len(body) <= limit else _too_large(limit, written)


def _dumped(answer: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError:
        answer["data"] = _fit(answer["data"])
    try:
        return orjson.dumps(answer)
    except TypeError as error:
        return encode_errors([internal_error(error)])


def _too_large(limit: int, written: bool) -> bytes:
    done = " What was asked for has been done." if written else ""
    message = f"The answer has more than {limit} bytes: ask for fewer fields or smaller pages.{done}"
    error = ClientError(message, code=TOO_LARGE, limit=limit)
    return encode_errors(answer_errors([error]))


def _heavier(data: object, limit: int) -> bool:
    """Whether the JSON of this takes more bytes; looks no further than it must."""
    weight, pending = 0, [data]
    while pending:
        value = pending.pop()
        weight += _OVERHEAD
        if isinstance(value, str):
            weight += len(value) if value.isascii() else len(value.encode(errors="replace"))
        elif isinstance(value, dict):
            weight += sum(map(len, value))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        if weight > limit:
            return True
    return False


def _fit(value: Any) -> Any:
    """The value with whatever JSON of 64 bits and UTF-8 cannot hold shown as a text.

    What is stored is refused where it comes in (`domain.tenancy.json_limits`), yet the log is immutable: one value
    of long ago must not cost everything that is read together with it.
    """
    if isinstance(value, dict):
        return {_text(cast("str", key)): _fit(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fit(item) for item in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return _digits(value)
    return value


def _text(value: str) -> str:
    return value.encode(errors="replace").decode()


def _digits(value: int) -> str:
    # Python refuses to write integers of thousands of digits in decimals.
    return str(value) if value.bit_length() < 10_000 else hex(value)
