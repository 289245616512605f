"""Random stories of two tenants, for tests of what must hold whatever happens."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.identity.registration import RegisterUser
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.work import project_commands, projects, task_commands
from domain.work.tasks import TaskPriority, TaskStatus
from tests.work.stories import Story

SECRET = "for nobody but its readers"
PEOPLE = [UUID(int=10 + number) for number in range(3)]
TASKS = [UUID(int=20 + number) for number in range(3)]
PROJECTS = [UUID(int=30 + number) for number in range(2)]
# The same ids in both tenants: whatever forgets the tenant mixes them up.
CALLERS = [Caller(tenant_id=UUID(int=tenant), user_id=PEOPLE[0]) for tenant in (1, 2)]

callers = st.sampled_from(CALLERS)
task, project, person = st.sampled_from(TASKS), st.sampled_from(PROJECTS), st.sampled_from(PEOPLE)
tags = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple)
secrets = st.sampled_from([SECRET, f"{SECRET}!", ""])
dues = st.none() | st.datetimes(datetime(2030, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
priorities, statuses = st.sampled_from(TaskPriority), st.sampled_from(TaskStatus)
visibilities = st.sampled_from(projects.Visibility)
creations: list[st.SearchStrategy[Command]] = [
    st.builds(
        task_commands.CreateTask,
        id=task,
        title=st.sampled_from(["Write", "Read"]),
        description=secrets,
        priority=priorities,
        due_date=dues,
        assigned_to=st.none() | person,
        project_id=st.none() | project,
        tags=tags,
    ),
    st.builds(
        project_commands.CreateProject,
        id=project,
        name=st.just("Website"),
        description=secrets,
        visibility=visibilities,
    ),
]
changes: list[st.SearchStrategy[Command]] = [
    st.builds(task_commands.RenameTask, id=task, title=st.sampled_from(["Write", "Rewrite"])),
    st.builds(task_commands.DescribeTask, id=task, description=secrets),
    st.builds(task_commands.AssignTask, id=task, assigned_to=person),
    st.builds(task_commands.UnassignTask, id=task),
    st.builds(task_commands.ChangeTaskStatus, id=task, status=statuses),
    st.builds(task_commands.CompleteTask, id=task),
    st.builds(task_commands.ReopenTask, id=task),
    st.builds(task_commands.CancelTask, id=task),
    st.builds(task_commands.ChangeTaskPriority, id=task, priority=priorities),
    st.builds(task_commands.SetTaskDueDate, id=task, due_date=dues),
    st.builds(task_commands.TagTask, id=task, tags=tags),
    st.builds(task_commands.ExtractTaskTags, id=task, tags=tags),
    st.builds(task_commands.MoveTask, id=task, project_id=st.none() | project),
    st.builds(project_commands.RenameProject, id=project, name=st.sampled_from(["Website", "Shop"])),
    st.builds(project_commands.DescribeProject, id=project, description=secrets),
    st.builds(project_commands.ArchiveProject, id=project),
    st.builds(project_commands.RestoreProject, id=project),
    st.builds(project_commands.DeleteProject, id=project),
    st.builds(project_commands.AddProjectMember, id=project, user_id=person),
    st.builds(project_commands.RemoveProjectMember, id=project, user_id=person),
    st.builds(project_commands.ChangeProjectVisibility, id=project, visibility=visibilities),
]


people: list[Command] = [
    RegisterUser(id=id, email=f"{SECRET.replace(' ', '.')}.{id.int}@example.com", first_name="Somebody")
    for id in PEOPLE
]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """In both tenants things begin, then go as they may, over some days; what is refused leaves no event."""
    story = Story()
    for by in CALLERS:
        for command in people:
            story.send(command, by=by)
    first, second = creations
    for by, command in draw(st.lists(st.tuples(callers, first | second), min_size=10, max_size=10)):
        story.send(command, by=by)
    steps = st.tuples(callers, st.one_of(changes), st.sampled_from([0, 1, 200]))
    for by, command, minutes in draw(st.lists(steps, min_size=40, max_size=80)):
        story.send(command, by=by, after=timedelta(minutes=minutes))
    return story


with_story = given(stories())
often = settings(
    max_examples=min(50, settings().max_examples),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
