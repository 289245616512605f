"""The page of errors and refusals, made from the code."""

from api.kit.execution.error_codes import ERROR_CODES
from api.kit.http.problem_codes import PROBLEM_CODES
from api.kit.schema.refusal_codes import MEANINGS
from domain.kit.refusals import ViolationCode

PAGE = "docs/errors.md"

_TOP = """# Errors and refusals

What the API answers when it does not do what was asked. This page is made from the code, and a test compares:
each list is closed.

## Refusals

A mutation that a rule does not allow answers with `Refused`, which is data beside the receipt: nothing was
changed, and the HTTP status is 200. `code` is the enum `RefusalCode`, so that a generated client can switch
over all of them; `message` is a sentence for people. `violations` has every field whose form is wrong, each with
its `path` in the input, a `code`, a message, and the limit as `minimum` and `maximum`. Ask for all of it:

```graphql
... on Refused { code message retryAfter version violations { path code message minimum maximum } }
```

A form shows each violation beside the field of its `path`, and `message` where there is none.

| `RefusalCode` | What it says |
|---|---|
"""

_VIOLATIONS = """
## Violations

| `ViolationCode` | What it says |
|---|---|
"""

_ERRORS = """
## Errors

Everything else stands in `errors`, with its code as `extensions.code`.

| `extensions.code` | What it says |
|---|---|
"""

_PROBLEMS = """
## REST, `/auth` and `/exports`

What these routes refuse is `application/problem+json` (RFC 9457):

```json
{
  "type": "/docs/errors.md#invalid", "title": "Invalid", "status": 400,
  "detail": "title is required.", "code": "invalid", "field": "title",
  "violations": [
    {"path": ["title"], "code": "required", "message": "title is required.", "minimum": null, "maximum": null}
  ]
}
```

`code` is one of the table, a code of a refusal, or that of an error in small letters, such as `unauthenticated`
(401), `forbidden` (403), `unavailable` (503) and `internal` (500); `BAD_USER_INPUT` is `invalid` here.
`violations` has every field that is wrong, as in GraphQL. The member `error` repeats `code`, `message`, `field`
and `violations` for clients that were written before.

| `code` | Status | What it says |
|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    return "".join(
        [
            *(_TOP, *(f"| `{code}` | {text} |\n" for code, text in MEANINGS.items())),
            *(_VIOLATIONS, *(f"| `{code}` | {code.meaning} |\n" for code in ViolationCode)),
            *(_ERRORS, *(f"| `{code}` | {text} |\n" for code, text in ERROR_CODES.items())),
            *(
                _PROBLEMS,
                *(f"| `{code}` | {status} | {text} |\n" for code, (status, text) in PROBLEM_CODES.items()),
            ),
        ]
    )
