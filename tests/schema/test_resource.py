"""A resource: its fields follow from the row, and what is matched by name is checked when they are made."""

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from api.kit.model import (
    Node,
    Resource,
    headed,
    linked,
    shows,
)
from api.kit.schema.lists.list_arguments import ordered
from api.kit.schema.live.interest import interest
from api.kit.schema.live.messages import messages
from api.kit.schema.scalars import SCALARS
from domain.identity.users import User
from domain.work.project_commands import RenameProject
from domain.work.projects import KEPT, Project, ProjectStatus
from domain.work.task_commands import CompleteTask
from domain.work.tasks import Task, TaskPriority, TaskStatus
from projections.governance.activity import ActivityLog, ActivityRow
from projections.identity.admission import Invitations
from projections.identity.people import People
from projections.kit.declare.filters import Compare, ComparedColumn, Comparison, meets
from projections.kit.read.keyset import Order
from projections.work.projects import ProjectMembers, Projects
from projections.work.tasks import TaskRow, Tasks
from tests.schema.published import published

ANNA, BEN = UUID(int=1), UUID(int=2)


@shows(TaskRow, needs="work:read")
class Chore(Node):
    """A task under another name."""


@shows(ActivityRow, needs="audit:read", leave_out=("actor_id",))
class Deed(Node):
    """An activity under another name."""


def compared(column: str, how: Comparison, value: object) -> Compare:
    return Compare(ComparedColumn(column), how, value)


def chores() -> Resource:
    return Resource(Chore, Tasks, read="work:read", write="work:write")


@dataclass(frozen=True)
class Row:
    assigned_to: UUID | None


def printed(query: type) -> str:
    return str(strawberry.Schema(query=query, config=StrawberryConfig(scalar_map=SCALARS)))


def test_fields_of_a_filter_are_the_columns_that_are_shown_described_as_the_row_describes_them() -> None:
    chore = chores()
    chore.filter(but=("version",))

    @strawberry.type
    class Query:
        chores = chore.list("Chores.", orders=("created_at", "due_date"))

    sdl = printed(Query)
    (filter,) = re.findall(r"input ChoreFilter \{(.*?)\n\}", sdl, re.S)
    assert '"""The assignee\'s id."""\n  assignedTo: IdFilter\n' in filter
    assert re.findall(r"^  (\w+): (\S+)", filter, re.M) == [
        ("id", "IdFilter"),
        ("title", "StringFilter"),
        ("status", "TaskStatusFilter"),
        ("priority", "TaskPriorityFilter"),
        ("dueDate", "DateTimeFilter"),
        ("createdBy", "IdFilter"),
        ("assignedTo", "IdFilter"),
        ("projectId", "IdFilter"),
        ("tags", "StringListFilter"),
        ("createdAt", "DateTimeFilter"),
        ("updatedAt", "DateTimeFilter"),
        ("completedAt", "DateTimeFilter"),
        ("projectSince", "IntFilter"),
        ("text", "String"),
        ("and", "[ChoreFilter!]"),
        ("or", "[ChoreFilter!]"),
        ("not", "ChoreFilter"),
    ]
    assert '"""Which chores: those that meet all that is given."""\ninput ChoreFilter' in sdl
    assert '"""By `createdAt`."""\n  CREATED_AT\n\n  """By `dueDate`, nulls last."""\n  DUE_DATE' in sdl


def test_a_view_of_a_row_for_each_event_is_filtered_by_what_its_indexes_begin_with() -> None:
    by = Resource(Deed, ActivityLog, read="audit:read").filter()
    assert [*by.columns] == ["entity_id", "created_at"]
    more = Resource(Deed, ActivityLog, read="audit:read").filter(also=("actor_id",))
    assert [*more.columns] == ["entity_id", "actor_id", "created_at"]


def test_a_column_may_mean_something_where_a_filter_says_nothing_of_it() -> None:
    by = chores().filter(defaults={"status": (TaskStatus.TODO,)})
    todo, done = SimpleNamespace(status="todo"), SimpleNamespace(status="completed")
    assert (meets(by.tree(None), todo), meets(by.tree(None), done)) == (True, False)


@pytest.mark.parametrize(
    ("event", "row", "heard"),
    [
        (Task.Renamed(title="Rake"), Row(assigned_to=ANNA), True),
        (Task.Renamed(title="Rake"), Row(assigned_to=BEN), False),
        (Task.Unassigned(previous=ANNA, status=TaskStatus.TODO), Row(assigned_to=None), True),
        (
            Task.Assigned(assigned_to=BEN, assigned_by=BEN, previous=ANNA, status=TaskStatus.TODO),
            Row(assigned_to=BEN),
            True,
        ),
        (
            Task.Assigned(assigned_to=ANNA, assigned_by=BEN, previous=None, status=TaskStatus.TODO),
            None,
            True,
        ),
        # It may have been in the list: to be told of what was not does no harm.
        (Task.Renamed(title="Rake"), None, True),
    ],
)
def test_whoever_watches_a_column_hears_of_what_comes_stays_and_leaves(
    event: Any, row: Row | None, heard: bool
) -> None:
    fold = Tasks().folds[event.stored_as]
    annas = compared("assigned_to", Comparison.EQ, ANNA)
    assert interest(Tasks, annas).concerns(row, event, (UUID(int=9),), fold) is heard
    assert interest(Tasks).concerns(row, event, (UUID(int=9),), fold)


def test_what_an_event_held_before_counts_only_for_the_column_it_is_about() -> None:
    row = SimpleNamespace(priority=TaskPriority.LOW)
    event = Task.StatusChanged(
        status=TaskStatus.IN_PROGRESS, previous=TaskStatus.TODO, assigned_to=None, project_id=None
    )
    fold = Tasks().folds[event.stored_as]
    todo = compared("priority", Comparison.EQ, TaskStatus.TODO)
    assert not interest(Tasks, todo).concerns(row, event, (UUID(int=9),), fold)


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (Task.PriorityChanged(priority=TaskPriority.LOW), True),
        (Task.Renamed(title="Rake"), False),
        (Task.Created(title="Rake", created_by=BEN), False),
    ],
)
def test_what_may_have_left_the_list_is_told_where_the_event_does_not_say_what_was(
    event: Any, heard: bool
) -> None:
    urgent = interest(Tasks, compared("priority", Comparison.IN, [TaskPriority.HIGH]))
    row = SimpleNamespace(priority=TaskPriority.LOW)
    assert urgent.concerns(row, event, (UUID(int=9),), Tasks().folds[event.stored_as]) is heard
    assert not urgent.meets(row)
    assert urgent.meets(SimpleNamespace(priority=TaskPriority.HIGH))


def test_a_method_may_change_any_column() -> None:
    employed = interest(People, compared("is_member", Comparison.EQ, True))
    suspended = User.Suspended()
    fold = People().folds[suspended.stored_as]
    assert employed.concerns(SimpleNamespace(is_member=False), suspended, (UUID(int=9),), fold)


def test_what_a_list_leaves_out_by_default_has_left_it() -> None:
    deleted, event = SimpleNamespace(status=ProjectStatus.DELETED), Project.Deleted()
    kept = interest(Projects, compared("status", Comparison.IN, KEPT))
    assert not kept.meets(deleted)
    assert kept.concerns(deleted, event, (), Projects().folds[event.stored_as])


def test_what_has_no_id_is_not_told_as_gone() -> None:
    with pytest.raises(TypeError, match="ChoreMessage: the rows of ProjectMembers are not known by one id"):
        messages(Chore, ProjectMembers, "Changes.")


def test_a_list_of_texts_is_met_in_any_case() -> None:
    @dataclass(frozen=True)
    class Tagged:
        tags: tuple[str, ...]

    wanted = interest(Tasks, compared("tags", Comparison.HOLDS, ("GARDEN", "roof")))
    assert wanted.meets(Tagged(("garden", "Roof", "new")))
    assert not wanted.meets(Tagged(("garden",)))


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"but": ("asignee",)}, r"ChoreFilter: TaskRow has no column 'asignee'"),
        ({"also": ("due",)}, r"ChoreFilter: TaskRow has no column 'due'"),
        ({"only": ("description",)}, r"ChoreFilter: TaskRow\.description is sealed or not for everybody"),
        ({"also": ("past_projects",)}, r"ChoreFilter: no operator compares TaskRow\.past_projects"),
    ],
)
def test_a_filter_of_what_no_column_can_meet_is_not_made(named: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        chores().filter(**named)


def test_a_filter_is_said_once() -> None:
    resource = chores()
    resource.filter()
    with pytest.raises(TypeError, match="ChoreFilter has been said, or used, before"):
        resource.filter(but=("version",))


def test_a_list_is_not_sorted_by_a_column_that_the_row_lacks() -> None:
    with pytest.raises(TypeError, match=r"ChoreOrder: TaskRow has no column 'nmae'"):
        chores().list("Chores.", orders=("created_at", "nmae"))


def test_a_list_is_not_sorted_by_a_column_that_no_index_sorts() -> None:
    with pytest.raises(TypeError, match=r"ChoreOrder: no index of Tasks sorts by 'status'"):
        chores().list("Chores.", orders=("created_at", "status"))
    members = Resource(Chore, ProjectMembers, read="work:read", name="member")
    with pytest.raises(TypeError, match=r"ChoreOrder: no index of ProjectMembers sorts by a column"):
        members.list("Chores.")


def test_a_list_is_sorted_by_what_indexes_sort() -> None:
    assert Tasks.sorted_by == ("title", "priority", "due_date", "created_at", "updated_at")
    assert People.sorted_by == ("last_name", "created_at")
    assert Invitations.sorted_by == ("sent_at", "user_id")
    assert ProjectMembers.sorted_by == ()


def test_nothing_is_sorted_by_what_is_hidden() -> None:
    with pytest.raises(TypeError, match="People: 'email' is not shown to everybody"):
        ordered(People, "email")
    assert ordered(People, "last_name") == Order("last_name")


def test_lists_of_ones_own_that_have_an_order_of_their_own_know_no_past() -> None:
    query = published().query_type
    assert query is not None
    lists = ("consents", "notifications", "myConsents")
    assert [name for name in lists if "asOf" in query.fields[name].args] == ["consents"]


def test_a_mutation_changes_what_the_view_holds() -> None:
    assert chores().mutation(CompleteTask) is not None
    with pytest.raises(TypeError, match=r"RenameProject\.id names a Project, of which Tasks holds no row"):
        chores().mutation(RenameProject)


def test_what_has_no_id_is_not_looked_up_by_one() -> None:
    with pytest.raises(TypeError, match="ProjectMembers has no id to look a Chore up by"):
        Resource(Chore, ProjectMembers, read="work:read").by_id("A chore.")


def test_a_link_follows_a_column_of_the_row() -> None:
    with pytest.raises(TypeError, match=r"Errand\.after: TaskRow has no column 'asigned_to'"):

        @shows(TaskRow, needs="work:read")
        class Errand:
            after = linked(Chore, Tasks, "asigned_to", "What comes before.")


def test_a_link_leads_to_rows_that_its_type_shows() -> None:
    with pytest.raises(TypeError, match=r"^Chore shows TaskRow, but People holds PersonRow\."):
        linked(Chore, People, "assigned_to", "Who does it.")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"leave_out": ("titel",)}, r"Errand\.leave_out: TaskRow has no column 'titel'"),
        ({"about": "asignee"}, r"Errand\.about: TaskRow has no column 'asignee'"),
    ],
)
def test_a_type_names_columns_of_its_row(named: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):

        @shows(TaskRow, needs="work:read", **named)
        class Errand:
            """An errand."""


def test_the_first_rows_are_found_and_sorted_by_columns_of_theirs() -> None:
    for by, order in (("project", Order("created_at")), ("project_id", Order("made_at"))):
        with pytest.raises(TypeError, match=r"Tasks: TaskRow has no column '(project|made_at)' to list by"):
            headed(Chore, Tasks, by, order=order, description="Chores.")
