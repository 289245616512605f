"""A text that is not there is null: an empty one is what somebody wrote."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import strawberry
from graphql import get_named_type, is_object_type

from api.kit.execution.access import COVERED
from api.kit.schema.node_types import shows
from domain.kit.fields import Describe
from tests.schema.published import published
from tests.tenancy.surface import WRITTEN


def test_no_description_of_a_text_says_that_it_may_be_empty() -> None:
    found = {
        f"{type.name}.{name}"
        for type in published().type_map.values()
        if is_object_type(type)
        for name, field in type.fields.items()
        if get_named_type(field.type).name == "String" and "empty" in (field.description or "")
    }
    assert found <= WRITTEN


@dataclass(frozen=True)
class Paper:
    """A paper."""

    note: Annotated[str, Describe("What is on it, if anything.")]
    title: Annotated[str, Describe("Its title.")]
    seal: Annotated[str | None, Describe("Its seal.")] = None


@pytest.mark.parametrize("note", ["", "Read me."])
def test_an_empty_text_is_shown_as_null_where_the_type_says_so(note: str) -> None:
    @shows(Paper, needs=COVERED, name="Paper")
    class Shown:
        """A paper."""

        note: str | None

    @strawberry.type
    class Query:
        @strawberry.field
        def paper(self) -> Shown:
            # Resolvers return rows as they are.
            row: Any = Paper(note=note, title="")
            return row  # type: ignore[no-any-return]

    answer = strawberry.Schema(Query).execute_sync("{ paper { note title seal } }")
    assert answer.data == {"paper": {"note": note or None, "title": "", "seal": None}}
