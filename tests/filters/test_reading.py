"""What clients give as a filter, read as a tree: operators, nulls and bounds."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from api.kit.execution.errors import ClientError
from api.kit.model import Node, Resource, shows
from api.kit.schema.filters import DEEPEST, LONGEST_PART, MOST_COMPARISONS
from api.kit.schema.operators import MOST_VALUES, operators_of
from domain.work.tasks import TaskStatus
from projections.kit.declare.filters import meets
from projections.work.tasks import PLACES, TaskRow, Tasks


@shows(TaskRow, needs="work:read", leave_out=PLACES)
class Errand(Node):
    """A task under another name."""


By: Any = Resource(Errand, Tasks, read="work:read").filter()
Ids: Any = operators_of(UUID, keyed=False)
Texts: Any = operators_of(str, keyed=False)
Times: Any = operators_of(datetime, keyed=False)
Statuses: Any = operators_of(TaskStatus, keyed=False)
Tags: Any = operators_of(list[str], keyed=True)
ANNA, BEN = UUID(int=1), UUID(int=2)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ROW = SimpleNamespace(
    assigned_to=ANNA, status=TaskStatus.TODO, due_date=None, title="Mow the Lawn", tags=("Red", "big")
)


@pytest.mark.parametrize(
    ("given", "met"),
    [
        (By(), True),
        (By(assigned_to=Ids(eq=ANNA)), True),
        (By(assigned_to=Ids(not_=ANNA)), False),
        (By(assigned_to=Ids(in_=[ANNA, BEN])), True),
        (By(assigned_to=Ids(not_in=[BEN])), True),
        (By(assigned_to=Ids()), True),
        (By(status=Statuses(in_=[])), False),
        (By(status=Statuses(in_=[TaskStatus.TODO], not_=TaskStatus.TODO)), False),
        # What is null is not met by a comparison, and so is found by what denies it.
        (By(due_date=Times(lt=NOON)), False),
        (By(due_date=Times(not_=NOON)), True),
        (By(due_date=Times(not_in=[NOON])), True),
        (By(not_=By(due_date=Times(eq=NOON))), True),
        (By(due_date=Times(is_null=True)), True),
        (By(due_date=Times(is_null=False)), False),
        (By(title=Texts(contains="LAWN")), True),
        (By(title=Texts(contains="m%w")), False),
        (By(title=Texts(contains="")), True),
        (By(tags=Tags(contains=["RED", "big"])), True),
        (By(tags=Tags(contains=["red", "small"])), False),
        (By(and_=[]), True),
        (By(or_=[]), False),
        (By(or_=[By(assigned_to=Ids(eq=BEN)), By(status=Statuses(eq=TaskStatus.TODO))]), True),
        (By(or_=[By(assigned_to=Ids(eq=ANNA))], status=Statuses(not_=TaskStatus.TODO)), False),
        (By(not_=By()), False),
    ],
)
def test_a_filter_means(given: Any, met: bool) -> None:
    assert meets(By.tree(given), ROW) is met


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (By(status=None), "filter.status"),
        (By(or_=None), "filter.or"),
        (By(or_=[By(), By(due_date=Times(lt=None))]), "filter.or[1].dueDate.lt"),
        (By(not_=By(assigned_to=Ids(not_in=None))), "filter.not.assignedTo.notIn"),
        (By(text=None), "filter.text"),
    ],
)
def test_null_is_refused_wherever_it_stands(given: Any, place: str) -> None:
    with pytest.raises(
        ClientError, match="is null: leave it out, or ask for what is null by isNull"
    ) as refused:
        By.tree(given)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT", "argument": place}


def _nested(levels: int) -> Any:
    return By() if levels == 0 else By(not_=_nested(levels - 1))


@pytest.mark.parametrize(
    ("most", "more", "limit", "place"),
    [
        (_nested(DEEPEST), _nested(DEEPEST + 1), DEEPEST, "filter" + ".not" * (DEEPEST + 1)),
        (
            By(or_=[By()] * MOST_COMPARISONS),
            By(or_=[By()] * (MOST_COMPARISONS + 1)),
            MOST_COMPARISONS,
            f"filter.or[{MOST_COMPARISONS}]",
        ),
        (
            By(assigned_to=Ids(in_=[ANNA] * MOST_VALUES)),
            By(assigned_to=Ids(in_=[ANNA] * (MOST_VALUES + 1))),
            MOST_VALUES,
            "filter.assignedTo.in",
        ),
        (
            By(tags=Tags(contains=["x"] * MOST_VALUES)),
            By(tags=Tags(contains=["x"] * (MOST_VALUES + 1))),
            MOST_VALUES,
            "filter.tags.contains",
        ),
        (
            By(title=Texts(contains="x" * LONGEST_PART)),
            By(title=Texts(contains="x" * (LONGEST_PART + 1))),
            LONGEST_PART,
            "filter.title.contains",
        ),
    ],
    ids=["depth", "conditions", "values", "texts", "part"],
)
def test_more_than_there_may_be_is_refused_with_place_and_limit(
    most: Any, more: Any, limit: int, place: str
) -> None:
    By.tree(most)
    with pytest.raises(ClientError) as refused:
        By.tree(more)
    assert refused.value.extensions == {"code": "LIMIT_EXCEEDED", "argument": place, "limit": limit}
