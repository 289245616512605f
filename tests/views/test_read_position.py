"""The position of an answer: never ahead of what any view that it read had folded."""

import asyncio
from collections.abc import Mapping

from projections.kit.read_position import Lane, begin_reading, note_position, note_rows

HERE, ELSEWHERE = object(), object()
TASKS, PEOPLE = ("tasks", 1), ("people", 1)


class Views:
    """Positions that grow; asked for at once."""

    def __init__(self, **stands: int) -> None:
        self.stands, self.asked = stands, 0
        self.known: Mapping[Lane, int] = {}

    async def ask(self) -> None:
        self.asked += 1
        known: dict[Lane, int] = {}
        for view, position in self.stands.items():
            known[(view, 1)] = position
        self.known = known


async def test_is_what_the_view_that_is_furthest_behind_had_folded_before_the_read() -> None:
    views = Views(tasks=9, people=5)
    reading = await begin_reading(HERE, lambda: views.known, views.ask, 60)
    views.stands = {"tasks": 20, "people": 20}
    note_rows(HERE, *TASKS)
    assert reading.value == 9
    note_rows(HERE, *PEOPLE)
    await views.ask()
    assert reading.value == 5
    note_position(3)
    assert reading.value == 3


async def test_tasks_that_it_starts_are_counted_and_another_database_is_not() -> None:
    views = Views(tasks=9, people=5)
    reading = await begin_reading(HERE, lambda: views.known, views.ask, 60)

    async def read(place: object, lane: tuple[str, int]) -> None:
        note_rows(place, *lane)

    await asyncio.gather(read(HERE, TASKS), read(ELSEWHERE, PEOPLE))
    assert reading.value == 9


async def test_a_view_that_is_refilled_meanwhile_counts_as_it_stands_then() -> None:
    views = Views(tasks=9)
    reading = await begin_reading(HERE, lambda: views.known, views.ask, 60)
    note_rows(HERE, *TASKS)
    views.stands = {"tasks": 2}
    await views.ask()
    assert reading.value == 2
    views.stands = {"tasks": 0}
    await views.ask()
    assert reading.value == 0


async def test_is_unknown_for_a_view_that_nothing_is_known_of_and_one_that_is_gone() -> None:
    views = Views(tasks=9)
    reading = await begin_reading(HERE, lambda: views.known, views.ask, 60)
    note_rows(HERE, *TASKS)
    note_rows(HERE, *PEOPLE)
    assert reading.value is None
    assert reading.told("4", 7) is None
    reading = await begin_reading(HERE, lambda: views.known, views.ask, 60)
    note_rows(HERE, *TASKS)
    views.stands = {}
    await views.ask()
    assert reading.value is None


async def test_a_process_that_knows_nothing_yet_waits_for_a_database_that_is_slow() -> None:
    views = Views(tasks=9)

    async def slowly() -> None:
        await asyncio.sleep(0.5)
        await views.ask()

    reading = await begin_reading(HERE, lambda: views.known, slowly, float("inf"))
    note_rows(HERE, *TASKS)
    assert reading.value == 9


async def test_what_was_waited_for_counts_for_what_is_read_afterwards_alone() -> None:
    views = Views(tasks=9, people=5)
    reading = await begin_reading(HERE, lambda: views.known, views.ask, 60)
    note_rows(HERE, *TASKS)
    reading.reached("tasks", 12)
    reading.reached("people", 12)
    note_rows(HERE, *TASKS)
    note_rows(HERE, *PEOPLE)
    assert reading.value == 9


async def test_what_is_known_is_good_while_nobody_can_be_asked() -> None:
    views = Views(tasks=9)
    await views.ask()

    async def away() -> None:
        raise ConnectionError

    reading = await begin_reading(HERE, lambda: views.known, away, 60)
    assert reading.told(None, 0) == "9"
    assert reading.told("4", 0) == "4"
    assert reading.told(None, 7) == "7"
