"""Statements of several Postgres views that are due at once, sent as one: one round trip, and one commit."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import asyncpg

from projections.kit.store.generations import Pool
from projections.kit.store.statements import Statements, WriteKind, load_together, write_fenced
from projections.kit.store.store import Checkpoint

_MOST = 16
"""Views in one statement."""
_PATIENCE = 2.0
"""Seconds that a statement of several views may take: where the table of one is locked, the others go on alone."""

SHARED_SETTINGS = {
    # They are of a few rows by their keys, so the one way to the rows is right however large the tables are, and
    # planning them costs as much as doing them.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
"""Settings for the connections of these statements."""

P = TypeVar("P", bound="ViewLoad | ViewSave")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class ViewLoad:
    """What `Statements.load` of a view is asked for."""

    view: Statements
    arguments: Sequence[object]


@dataclass(frozen=True, slots=True)
class ViewSave:
    """What a view writes, and where its lane goes on to."""

    view: Statements
    kind: WriteKind
    arguments: Sequence[object]
    name: str
    generation: int
    checkpoint: Checkpoint


class SharedStatements:
    """Loads and saves of the views of one worker. A page of events wakes those that it concerns at the same time,
    so they load together, and save together.

    What fails together is tried again by each alone, so that every view meets its own failure and no other's. A
    save may be repeated, for it says where the lane is to be and what the rows are to hold.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loads = _Turns(self._load)
        self._saves = _Turns(self._save)

    async def load(self, load: ViewLoad) -> asyncpg.Record | None:
        """The row that the view's `Statements.load` answers. Raises what the server does."""
        return await self._loads.ask(load)

    async def save(self, save: ViewSave) -> bool:
        """Write, and move the lane; whether the lane's lease let it. Raises what the server does."""
        return await self._saves.ask(save)

    async def _load(self, loads: Sequence[ViewLoad]) -> Sequence[asyncpg.Record | None]:
        if len(loads) == 1:
            return [await self._pool.fetchrow(loads[0].view.load, *loads[0].arguments)]
        sql = load_together(tuple(load.view for load in loads))
        rows = await self._pool.fetch(sql, *(value for load in loads for value in load.arguments))
        found = {row["part"]: row for row in rows}
        return [found[part] for part in range(len(loads))]

    async def _save(self, saves: Sequence[ViewSave]) -> Sequence[bool]:
        async with self._pool.acquire() as connection:
            return await save_with(connection, saves)


# A pool's proxy for a connection has no type of its own, hence Any.
async def save_with(connection: Any, saves: Sequence[ViewSave]) -> Sequence[bool]:
    """Write on a connection of the caller's, as one step, and move the lanes; of each whether its lease let it."""
    rows = await connection.fetch(
        write_fenced(tuple((save.view, save.kind) for save in saves)),
        list(range(len(saves))),
        [save.name for save in saves],
        [save.generation for save in saves],
        [save.checkpoint.position for save in saves],
        [save.checkpoint.folded for save in saves],
        [save.checkpoint.token for save in saves],
        *(value for save in saves for value in save.arguments),
    )
    moved = {row["part"] for row in rows}
    return [part in moved for part in range(len(saves))]


@dataclass(frozen=True, slots=True)
class _Asked(Generic[P, A]):
    part: P
    answer: "asyncio.Future[A]"


class _Turns(Generic[P, A]):
    """Does together what is asked for in one turn of the event loop."""

    def __init__(self, together: Callable[[Sequence[P]], Coroutine[Any, Any, Sequence[A]]]) -> None:
        self._together = together
        self._asked: list[_Asked[P, A]] = []

    async def ask(self, part: P) -> A:
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._begin)
        question: _Asked[P, A] = _Asked(part, loop.create_future())
        self._asked.append(question)
        return await question.answer

    def _begin(self) -> None:
        # In the same order each time, so that the server has the statement ready.
        everything, self._asked = sorted(self._asked, key=lambda question: question.part.view.table), []
        for first in range(0, len(everything), _MOST):
            questions = everything[first : first + _MOST]
            task = asyncio.create_task(self._answer(questions), name="shared statements")
            # When nobody waits any more, nor does the statement; until then, this holds the task.
            for question in questions:
                question.answer.add_done_callback(lambda _, task=task, of=questions: _unwanted(task, of))  # type: ignore[misc]

    async def _answer(self, questions: Sequence[_Asked[P, A]]) -> None:
        try:
            async with asyncio.timeout(_PATIENCE if len(questions) > 1 else None):
                answers = await self._together([question.part for question in questions])
        except Exception as error:  # noqa: BLE001  # It is given to who asked.
            if len(questions) > 1:
                await asyncio.gather(*(self._answer([question]) for question in questions))
            elif not questions[0].answer.done():
                questions[0].answer.set_exception(error)
        else:
            for question, answer in zip(questions, answers, strict=True):
                if not question.answer.done():
                    question.answer.set_result(answer)


# What parts and answers are does not matter, hence Any.
def _unwanted(task: "asyncio.Task[None]", questions: Sequence[_Asked[Any, Any]]) -> None:
    if all(question.answer.cancelled() for question in questions):
        task.cancel()
