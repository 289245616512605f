"""Errors as a client sees them: each with a code, and nothing of the inside."""

import logging
import secrets
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError

from api.kit.execution.error_codes import ErrorCode
from api.kit.execution.value_messages import plain_words
from projections.kit.read.allowance import Spent
from projections.kit.read.live_generations import NotServed
from projections.kit.read.unavailable import is_away, is_cut_off

# A formatted error is JSON of open shape: message, locations, path and extensions of any kind.
FormattedError = dict[str, Any]

TOO_LARGE: ErrorCode = "RESPONSE_TOO_LARGE"

_log = logging.getLogger(__name__)

RETRY_AFTER = 2
"""Seconds after which a client may well ask again for what was away."""
_SAY_AGAIN = 10.0
"""Seconds between two lines of the log about one kind of fault that hits every request."""
_said: dict[type[BaseException], float] = {}


class ClientError(GraphQLError):
    """A failure whose message is meant for the client; resolvers may raise it.

    `code` and everything in `more` stand in the error's `extensions`.
    """

    def __init__(self, message: str, *, code: ErrorCode, **more: object) -> None:
        super().__init__(message, extensions={"code": code, **more})


def bad_argument(message: str, argument: str, **more: object) -> ClientError:
    """The error for an argument that has no possible value; ``argument`` says where in it: ``input.tags[1]``."""
    return ClientError(message, code="BAD_USER_INPUT", argument=argument, **more)


class Unauthenticated(Exception):
    """Nobody we know is asking; the message is meant for the client."""


class RequestError(Exception):
    """A request that is refused before anything is executed.

    `status` is the HTTP status. `well_formed` says that the HTTP request itself was in order and only the
    GraphQL document or its variables were not: legacy `application/json` answers give those as 200.
    """

    def __init__(
        self,
        errors: Sequence[FormattedError],
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        well_formed: bool = False,
    ) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)
        self.status = status
        self.headers = dict(headers or {})
        self.well_formed = well_formed

    @classmethod
    def of(
        cls,
        message: str,
        code: ErrorCode,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> "RequestError":
        """A badly formed HTTP request or stream message; ``more`` stands in the extensions."""
        extensions = {**_extensions(code), **more}
        return cls([{"message": message, "extensions": extensions}], status=status, headers=headers)

    @classmethod
    def of_document(cls, errors: Sequence[GraphQLError], code: ErrorCode) -> "RequestError":
        """A document, or variables, that GraphQL itself refuses."""
        return cls([_public(error, code) for error in errors], well_formed=True)


def come_back(seconds: int, what: str) -> dict[str, str]:
    """The headers of an answer that refuses for now: in how many seconds to try again, and what was too much.

    ``RateLimit`` is as the IETF's draft of these headers has it.
    """
    return {"retry-after": str(seconds), "ratelimit": f'"{what}";r=0;t={seconds}'}


def lacking(field: str, permission: str | None, **more: object) -> ClientError:
    """The error for a field that needs a permission which the caller lacks; ``more`` stands in its extensions."""
    what = f"the permission {permission}" if permission else "a permission that nobody has"
    return ClientError(f"{field} needs {what}.", code="FORBIDDEN", permission=permission, **more)


def forbidden(field: str, permission: str | None, root: str) -> RequestError:
    """The refusal of a whole document because of such a field, which would stand under ``root`` in the answer."""
    error = {**_public(lacking(field, permission), "FORBIDDEN"), "path": [root]}
    return RequestError([error], status=403, well_formed=True)


def unavailable(error: BaseException) -> RequestError:
    """The refusal of a whole request because something is away for the moment; logged in a line."""
    _note(error)
    headers = {"retry-after": str(RETRY_AFTER)}
    return RequestError([_away({})], status=503, headers=headers)


def failure(error: Exception) -> RequestError:
    """The refusal of a request that met a fault which belongs to none of its fields."""
    if isinstance(error, RequestError):
        return error
    return unavailable(error) if is_away(error) else RequestError([internal_error(error)], status=500)


def all_away(errors: Sequence[FormattedError]) -> bool:
    """Whether every one of the errors of an answer is that something is away for the moment."""
    return all(error.get("extensions", {}).get("code") == "UNAVAILABLE" for error in errors)


def answer_errors(errors: Sequence[GraphQLError]) -> list[FormattedError]:
    """Errors of an execution, those that are no `ClientError` masked and logged.

    One fault is logged once with its traceback, however many fields of the answer it hit.
    """
    ids: dict[object, str] = {}
    return [_answered(error, ids) for error in errors]


def encode_errors(errors: list[FormattedError]) -> bytes:
    """The JSON of an answer that has no data."""
    return orjson.dumps({"errors": errors})


def internal_error(error: BaseException) -> FormattedError:
    """Log a fault that belongs to no field and give what a client may know of it."""
    error_id = _logged(error)
    return {"message": "Internal error", "extensions": _extensions("INTERNAL", errorId=error_id)}


def _extensions(code: ErrorCode, **more: object) -> dict[str, object]:
    return {"code": code, **more}


def _answered(error: GraphQLError, ids: dict[object, str]) -> FormattedError:
    if isinstance(cause := _cause(error), NotServed):
        return {
            **error.formatted,
            "message": f"{cause}; try again later.",
            "extensions": _extensions("NOT_READY"),
        }
    if isinstance(cause, Spent):
        return {
            **error.formatted,
            "message": f"More than {cause.limit} bytes would be read: ask for smaller pages.",
            "extensions": _extensions(TOO_LARGE, limit=cause.limit),
        }
    if _is_public(error):
        return _public(error, "BAD_USER_INPUT")
    if is_cut_off(cause):
        return {
            **error.formatted,
            "message": "This took too long and was ended: ask for less.",
            "extensions": _extensions("TOO_SLOW"),
        }
    if is_away(cause):
        _note(cause)
        return _away(error.formatted)
    return _masked(error, ids)


def _is_public(error: GraphQLError) -> bool:
    cause = _cause(error)
    if not isinstance(cause, GraphQLError):
        return False
    # graphql-core raises plain GraphQLErrors for arguments it cannot coerce (the client's fault) and for
    # values it cannot serialise (ours, and the message would show the value). Only the first start so.
    return "code" in (cause.extensions or {}) or cause.message.startswith("Argument '")


def _cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _public(error: GraphQLError, code: ErrorCode) -> FormattedError:
    formatted: FormattedError = {**error.formatted}
    if not isinstance(error, ClientError):
        formatted["message"] = plain_words(error.message)
    formatted["extensions"] = _extensions(code) | dict(error.extensions or {})
    return formatted


def _away(formatted: Mapping[str, Any]) -> FormattedError:
    return {
        **formatted,
        "message": "Something that this needs is away for the moment; send it again, with the same command id.",
        "extensions": _extensions("UNAVAILABLE", retryAfter=RETRY_AFTER),
    }


def _note(error: BaseException) -> None:
    """Log what is away in a line: it hits every request, and a traceback of each would say no more."""
    now, kind = time.monotonic(), type(error)
    if now - _said.get(kind, -_SAY_AGAIN) >= _SAY_AGAIN:
        _said[kind] = now
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
        _log.warning("Requests are refused for now: %s: %s%s", kind.__name__, error, where)


def _masked(error: GraphQLError, ids: dict[object, str]) -> FormattedError:
    cause = _cause(error)
    frames = traceback.extract_tb(cause.__traceback__)
    fault = (type(cause), frames[-1].filename, frames[-1].lineno) if frames else (type(cause), str(cause))
    if fault not in ids:
        ids[fault] = _logged(cause)
    formatted: FormattedError = {**error.formatted, "message": "Internal error"}
    formatted["extensions"] = _extensions("INTERNAL", errorId=ids[fault])
    return formatted


def _logged(error: BaseException) -> str:
    error_id = secrets.token_hex(8)
    _log.error("GraphQL error %s", error_id, exc_info=error)
    return error_id
