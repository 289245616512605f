"""What all actions of operators have in common: where they are kept, who asked, and how they end."""

from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe, Len
from domain.kit.refusals import Refusal
from domain.kit.text import ONE_LINE

PLATFORM = UUID("0b5e7a70-0000-4000-8000-000000000001")
"""The tenant in which the actions of operators are kept.

Every event belongs to a tenant, but a view holds the rows of all of them: what is done to it belongs to none,
least of all to that of whoever asked, where everybody who reads its activities would see it. The id is fixed,
so that a token for this tenant reads the audit with the queries that each tenant has for its own history.
"""

AskedBy = Annotated[
    str, Len(1, 200), ONE_LINE, Describe("Who asked: a user with the tenant, or an account on a machine.")
]
ViewName = Annotated[str, Len(1, 100), ONE_LINE, Describe("The name of a view.")]
ViewNames = Annotated[tuple[ViewName, ...], Len(1, 500), Describe("The names of the views.")]


class NotPossible(Refusal):
    """{reason}"""
