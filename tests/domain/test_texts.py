"""Texts as people type them, in whichever encoding their keyboard sends."""

from uuid import UUID

import pytest

from domain.kit.scenario import given
from domain.kit.text import composed, distinct
from domain.work.task_commands import CreateTask
from domain.work.tasks import Task

TASK = UUID(int=1)


def test_texts_are_kept_composed() -> None:
    recorded = given().when(CreateTask(id=TASK, title="Cafe\u0301", tags=("e\u0301", "é", "É"))).recorded
    (event,) = recorded
    assert isinstance(event, Task.Created)
    assert (event.title, event.tags) == ("Café", ("é",))


def test_a_length_is_that_of_what_is_kept() -> None:
    assert given().when(CreateTask(id=TASK, title="e\u0301" * 500)).refusal is None


@pytest.mark.parametrize(
    "value", ["e\u0301", ["e\u0301"], {"e\u0301": ("e\u0301",)}, {"a": {"b": ["e\u0301"]}}]
)
def test_texts_are_composed_wherever_they_stand(value: object) -> None:
    assert "\u0301" not in str(composed(value))


def test_what_is_composed_stays_the_same_thing() -> None:
    command = CreateTask(id=TASK, title="Café")
    assert composed(command) is command


def test_words_of_another_width_are_one() -> None:
    assert distinct(["ＡＢＣ", "abc", "Straße", "STRASSE"]) == ("ＡＢＣ", "Straße")
