"""The rules of a task's tags."""

import pytest

from domain.kit.scenario import given
from domain.work.task_commands import ExtractTaskTags, TagTask
from domain.work.tasks import Task
from tests.work.histories import TASK, task_created

CREATED = task_created()


def test_tags() -> None:
    given(CREATED).when(TagTask(id=TASK, tags=("b", "a"))).then(Task.Tagged(tags=("b", "a")))


def test_tags_are_tidy_and_each_stands_once() -> None:
    command = TagTask(id=TASK, tags=(" Straße", "STRASSE", "a", "A ", "b"))
    given(CREATED).when(command).then(Task.Tagged(tags=("Straße", "a", "b")))


def test_tags_can_be_taken_away() -> None:
    given(task_created(tags=("a",))).when(TagTask(id=TASK, tags=())).then(Task.Tagged(tags=()))


@pytest.mark.parametrize("tags", [("a", "b"), (" a", "b", "B")])
def test_tagging_as_before_records_nothing(tags: tuple[str, ...]) -> None:
    given(task_created(tags=("a", "b"))).when(TagTask(id=TASK, tags=tags)).then()


def test_extracts_tags_when_there_are_none() -> None:
    given(CREATED).when(ExtractTaskTags(id=TASK, tags=("report", "Report"))).then(
        Task.TagsExtracted(tags=("report",))
    )


def test_extracted_tags_never_replace_chosen_ones() -> None:
    given(task_created(tags=("chosen",))).when(ExtractTaskTags(id=TASK, tags=("found",))).then()


def test_extracting_no_tags_records_nothing() -> None:
    given(CREATED).when(ExtractTaskTags(id=TASK, tags=())).then()
