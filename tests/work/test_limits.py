"""The limits of what a command of work may hold: just within, just outside, and what is no text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.kit.commands import Command
from domain.kit.refusals import Invalid
from domain.kit.scenario import given
from domain.work.project_commands import CreateProject, DescribeProject, RenameProject
from domain.work.task_commands import (
    CreateTask,
    DescribeTask,
    RenameTask,
    SetTaskDueDate,
    TagTask,
)
from tests.work.histories import PROJECT, TASK, project_created, task_created

FIFTY = tuple(f"tag {number}" for number in range(50))
NAIVE = datetime(2030, 1, 1)  # noqa: DTZ001  # That is the point.
MADE = [
    *("\u3131\u3164", "\u2801", "❤\ufe0f", "\u2067مرحبا\u2069"),
    *("T" * 500, "x", "  x  ", "ü" * 500, "🦆" * 500, "مرحبا", "a" * 499 + " "),
]
REFUSED = {
    "empty": "",
    "blanks": "   \t",
    "invisible": "\u200b \u2060\ufeff",
    "fillers of Hangul": "\u3164\u115f\u1160\uffa0",
    "empty Braille": "\u2800 \u2800",
    "joiners and variations": "\u034f\ufe0f\U000e0100",
    "override of direction alone": "\u202e",
    "override of direction": "fdp.exe\u202e",
    "too long": "T" * 501,
    "too long with blanks": " " * 500 + "x",
    "two lines": "one\ntwo",
    "carriage return": "one\rtwo",
    "line separator": "one\u2028two",
    "NUL": "a\x00b",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "half a surrogate pair": "a\ud800b",
}
"""Titles that no task may have."""


@pytest.mark.parametrize("title", MADE, ids=range(len(MADE)))
def test_takes_a_title_within_the_limits(title: str) -> None:
    given().when(CreateTask(id=TASK, title=title)).then(task_created(title=title.strip()))


@pytest.mark.parametrize("title", REFUSED.values(), ids=REFUSED.keys())
def test_refuses_a_title_outside_them(title: str) -> None:
    given().when(CreateTask(id=TASK, title=title)).refused(Invalid, field="title")


@pytest.mark.parametrize("title", REFUSED.values(), ids=REFUSED.keys())
def test_refuses_to_rename_to_it(title: str) -> None:
    given(task_created()).when(RenameTask(id=TASK, title=title)).refused(Invalid, field="title")


@pytest.mark.parametrize(
    ("command", "field", "reason"),
    [
        (CreateTask(id=TASK, title=" "), "title", "Title must not be empty."),
        (CreateTask(id=TASK, title="T" * 501), "title", "Title has more than 500 characters."),
        (CreateTask(id=TASK, title="a\nb"), "title", "Title must be one line."),
        (CreateTask(id=TASK, title="\x00"), "title", "Title holds characters that are not text."),
        (TagTask(id=TASK, tags=("",)), "tags", "Entry 1 of tags must not be empty."),
        (TagTask(id=TASK, tags=(*FIFTY, "x")), "tags", "Tags has more than 50 entries."),
        (SetTaskDueDate(id=TASK, due_date=NAIVE), "due_date", "Due date must have a time zone."),
    ],
)
def test_says_what_is_wrong_and_where(command: Command, field: str, reason: str) -> None:
    scenario = given().when(command)
    scenario.refused(Invalid, field=field)
    assert scenario.refusal is not None
    assert scenario.refusal.message == reason


@pytest.mark.parametrize("description", ["", "x" * 20_000, "one\n\ttwo\r\nthree", "   "])
def test_takes_a_description_of_many_lines(description: str) -> None:
    given().when(CreateTask(id=TASK, title="Write", description=description)).then(
        task_created(description=description)
    )


@pytest.mark.parametrize("description", ["x" * 20_001, "a\x00b", "a\udfffb", "a\x0bb"])
def test_refuses_a_description_that_is_too_long_or_no_text(description: str) -> None:
    given(task_created()).when(DescribeTask(id=TASK, description=description)).refused(
        Invalid, field="description"
    )


def test_takes_fifty_tags_of_fifty_characters() -> None:
    tags = tuple(f"{number:050}" for number in range(50))
    given().when(CreateTask(id=TASK, title="Write", tags=tags)).then(task_created(tags=tags))


@pytest.mark.parametrize(
    "tags",
    [(*FIFTY, "one more"), ("x" * 51,), ("",), ("fine", " "), ("a\x00",), ("a\ud800",), ("two\nlines",)],
    ids=["51 tags", "51 characters", "empty", "blank", "NUL", "half a surrogate pair", "two lines"],
)
def test_refuses_tags_outside_the_limits(tags: tuple[str, ...]) -> None:
    given().when(CreateTask(id=TASK, title="Write", tags=tags)).refused(Invalid, field="tags")


@pytest.mark.parametrize(
    "due",
    [
        NAIVE,
        datetime(1899, 12, 31, 23, tzinfo=UTC),
        datetime(9001, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=12))),
    ],
    ids=["naive", "1899", "9001", "9999", "beyond 9999 in UTC", "before year 1 in UTC"],
)
def test_refuses_a_due_date_that_no_calendar_holds(due: datetime) -> None:
    given(task_created()).when(SetTaskDueDate(id=TASK, due_date=due)).refused(Invalid, field="due_date")
    given().when(CreateTask(id=TASK, title="Write", due_date=due)).refused(Invalid, field="due_date")


def test_takes_a_project_name_of_255_characters() -> None:
    given().when(CreateProject(id=PROJECT, name="P" * 255)).then(project_created(name="P" * 255))


@pytest.mark.parametrize("name", ["", " ", "P" * 256, "a\x00", "a\ud800", "a\nb"])
def test_refuses_a_project_name_outside_the_limits(name: str) -> None:
    given().when(CreateProject(id=PROJECT, name=name)).refused(Invalid, field="name")
    given(project_created()).when(RenameProject(id=PROJECT, name=name)).refused(Invalid, field="name")


@pytest.mark.parametrize("description", ["x" * 20_001, "a\x00b"])
def test_refuses_a_project_description_that_is_too_long_or_no_text(description: str) -> None:
    command = DescribeProject(id=PROJECT, description=description)
    given(project_created()).when(command).refused(Invalid, field="description")
