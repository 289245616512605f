"""Lists on objects: what they hang on, and what they take."""

from typing import Annotated

import pytest
import strawberry
from graphql import get_named_type
from strawberry.schema.config import StrawberryConfig

from api.kit.model import Node, Resource, headed, shows
from api.kit.schema.scalars import SCALARS
from projections.kit.read.keyset import Order
from projections.work.tasks import TaskRow, Tasks


def test_a_list_hangs_on_what_an_index_finds_its_rows_by() -> None:
    for by in ("created_by", "assigned_to", "project_id"):
        headed(LaterChore, Tasks, by, order=Order("created_at"), description="Chores.")
    with pytest.raises(TypeError, match=r"^Tasks: no index begins with 'version', to list by"):
        headed(LaterChore, Tasks, "version", order=Order("created_at"), description="Chores.")


def test_a_list_on_an_object_takes_what_all_lists_of_the_type_take() -> None:
    """Though the resource, which says it, is declared after the list."""
    Chore_ = Annotated["LaterChore", strawberry.lazy(__name__)]

    @strawberry.type
    class Query:
        mine = headed(Chore_, Tasks, "assigned_to", order=Order("created_at"), description="Mine.")
        chores = _later.list("Chores.", orders=("due_date", "title"))

    root = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))._schema.query_type
    assert root is not None
    mine, chores = (root.fields[name].args for name in ("mine", "chores"))
    assert mine["filter"].type is chores["filter"].type
    assert get_named_type(mine["orderBy"].type) is get_named_type(chores["orderBy"].type)


@shows(TaskRow, needs="work:read")
class LaterChore(Node):
    """A task under yet another name."""


_later = Resource(LaterChore, Tasks, read="work:read")
_later.filter(but=("version", "description"))
