"""What is listed is watched: the connections of the query root have subscriptions to their changes."""

from collections.abc import Mapping
from typing import Any

import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLNonNull, GraphQLObjectType, GraphQLUnionType, get_named_type
from strawberry.schema.config import StrawberryConfig
from strawberry.utils.str_converters import to_camel_case

from api.kit.model import Resource, shows
from api.kit.schema.live.lists import LIVE, live_lists
from api.kit.schema.scalars import SCALARS
from api.schema import CONTEXTS
from projections.work.projects import ProjectRow, Projects
from tests.schema.published import published

ELSEWHERE = {
    "accesses": "a log that grows by every query, also by those of whoever would watch it",
    "effects": "work of processes, which operators look at when something is wrong",
    "entities": "an index of things that are watched where they are listed by their own types",
    "history": "events, which `events` tells of",
    "outsideUserEvents": "events, which `outsideEventChanged` tells of",
    "marketingMetrics": "sums of days, which a subscription of its own tells of",
    "mySessions": "the caller's own, which they look at once",
    "taskDays": "counts of days that are over",
}
"""Lists that no resource makes, and why nobody is told of their changes."""


def _unwatched() -> Mapping[str, str]:
    """The lists of resources that say why they are not watched."""
    return {
        to_camel_case(strawberry_field.name): live.unwatched
        for context in CONTEXTS
        for query in context.roots("Query")
        for strawberry_field in _fields(query)
        if (live := strawberry_field.metadata.get(LIVE)) is not None and live.unwatched
    }


# Strawberry's definitions are not typed, hence Any.
def _fields(query: Any) -> Any:
    return query.__strawberry_definition__.fields


def _told() -> set[str]:
    """The types whose changes some subscription tells of."""
    root = published().subscription_type
    assert root is not None
    unions = [get_named_type(field.type) for field in root.fields.values()]
    members = [member for union in unions if isinstance(union, GraphQLUnionType) for member in union.types]
    return {get_named_type(member.fields["node"].type).name for member in members if "node" in member.fields}


def _listed() -> dict[str, str]:
    """The connections of the query root, each with the type that it lists."""
    root = published().query_type
    assert root is not None
    found: dict[str, str] = {}
    for name, field in root.fields.items():
        kind = get_named_type(field.type)
        if isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection"):
            found[name] = get_named_type(kind.fields["nodes"].type).name
    return found


def test_what_is_listed_is_watched_or_it_is_said_why_not() -> None:
    told = _told()
    assert len(told) > 10
    silent = {name for name, kind in _listed().items() if kind not in told}
    assert silent == {*ELSEWHERE, *_unwatched()}
    assert all(len(reason) > 10 for reason in [*ELSEWHERE.values(), *_unwatched().values()])


@shows(ProjectRow, needs="work:read")
class Plan:
    """A project under another name."""


def _plans(*, declared: bool = False, unwatched: str = "") -> type:
    plans = Resource(Plan, Projects, read="work:read")

    @strawberry.type
    class Query:
        plans_listed = plans.list("Plans, by pages.", unwatched=unwatched)

    if declared:
        plans.subscription("Changes.")
    return Query


def test_a_list_brings_its_subscription_along_which_takes_the_same_filter() -> None:
    query = _plans()
    schema = strawberry.Schema(
        query=query,
        subscription=live_lists([query]),
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    root = schema._schema.subscription_type
    assert root is not None
    assert {*root.fields} == {"planChanged"}
    assert {*root.fields["planChanged"].args} == {"filter", "resumeFrom", "initial"}
    (listed,) = schema._schema.query_type.fields.values()  # type: ignore[union-attr]
    assert root.fields["planChanged"].args["filter"].type is listed.args["filter"].type


@pytest.mark.parametrize("said", [{"declared": True}, {"unwatched": "Nothing changes."}])
def test_one_that_has_its_own_or_says_why_it_has_none_is_given_none(said: dict[str, Any]) -> None:
    assert live_lists([_plans(**said)]) is None


def test_every_change_says_what_happened_as_one_of_a_list() -> None:
    root = published().subscription_type
    assert root is not None
    unions = [get_named_type(field.type) for field in root.fields.values()]
    members = [member for union in unions if isinstance(union, GraphQLUnionType) for member in union.types]
    changes = {member.name: member for member in members if "kind" in member.fields}
    assert "ViewInfoListChange" in changes
    for name, member in changes.items():
        change = member.fields["change"].type
        assert isinstance(change, GraphQLNonNull), name
        assert isinstance(change.of_type, GraphQLEnumType), name
