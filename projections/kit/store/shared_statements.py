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
    """What a view writes, and where its lane goes on to from ``after``, or from before it."""

    view: Statements
    kind: WriteKind
    arguments: Sequence[object]
    name: str
    generation: int
    checkpoint: Checkpoint
    after: int


class SharedStatements:
    """Loads and saves of the views of one worker. A page of events wakes those that it concerns at the same time,
    so they load together, and save together.

    What fails together, or takes long, is tried again by each alone, so that every view meets its own failure and
    no other's. A save that was carried out and is tried again finds its lane moved, and is not let through.
    """

    def __init__(self, pool: Pool, alone: "Pool | None" = None) -> None:
        """``alone`` lends connections to what is tried again, which may be held up; ``pool`` to the rest."""
        self._loads = _Turns(_load, pool, alone or pool)
        self._saves = _Turns(_save, pool, alone or pool)

    async def load(self, load: ViewLoad) -> asyncpg.Record | None:
        """The row that the view's `Statements.load` answers. Raises what the server does."""
        return await self._loads.ask(load)

    async def save(self, save: ViewSave) -> bool:
        """Write, and move the lane; whether the lane's lease let it. Raises what the server does."""
        return await self._saves.ask(save)


async def _load(pool: Pool, loads: Sequence[ViewLoad]) -> Sequence[asyncpg.Record | None]:
    if len(loads) == 1:
        return [await pool.fetchrow(loads[0].view.load, *loads[0].arguments)]
    sql = load_together(tuple(load.view for load in loads))
    rows = await pool.fetch(sql, *(value for load in loads for value in load.arguments))
    found = {row["part"]: row for row in rows}
    return [found[part] for part in range(len(loads))]


async def _save(pool: Pool, saves: Sequence[ViewSave]) -> Sequence[bool]:
    async with pool.acquire() as connection:
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
        [save.after for save in saves],
        *(value for save in saves for value in save.arguments),
    )
    moved = {row["part"] for row in rows}
    return [part in moved for part in range(len(saves))]


@dataclass(frozen=True, slots=True)
class _Question(Generic[P, A]):
    part: P
    answer: "asyncio.Future[A]"


class _Turns(Generic[P, A]):
    """Does together what is asked for in one turn of the event loop."""

    def __init__(
        self,
        together: Callable[[Pool, Sequence[P]], Coroutine[Any, Any, Sequence[A]]],
        pool: Pool,
        alone: Pool,
    ) -> None:
        self._together, self._pool, self._alone = together, pool, alone
        self._questions: list[_Question[P, A]] = []

    async def ask(self, part: P) -> A:
        loop = asyncio.get_running_loop()
        if not self._questions:
            loop.call_soon(self._begin)
        question: _Question[P, A] = _Question(part, loop.create_future())
        self._questions.append(question)
        return await question.answer

    def _begin(self) -> None:
        # In the same order each time, so that the server has the statement ready.
        everything, self._questions = sorted(self._questions, key=lambda each: each.part.view.table), []
        for first in range(0, len(everything), _MOST):
            questions = everything[first : first + _MOST]
            _start(self._answer(questions), questions)

    async def _answer(self, questions: "Sequence[_Question[P, A]]") -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                answers = await self._together(self._pool, [question.part for question in questions])
        except Exception:  # noqa: BLE001  # Whatever it is, it may be that of one of them.
            for question in questions:
                if not question.answer.done():
                    _start(self._answer_one(question), [question])
        else:
            for question, answer in zip(questions, answers, strict=True):
                if not question.answer.done():
                    question.answer.set_result(answer)

    async def _answer_one(self, question: "_Question[P, A]") -> None:
        try:
            (answer,) = await self._together(self._alone, [question.part])
        except Exception as error:  # noqa: BLE001  # It is given to who asked.
            if not question.answer.done():
                question.answer.set_exception(error)
        else:
            if not question.answer.done():
                question.answer.set_result(answer)


# What parts and answers are does not matter, hence Any.
def _start(work: Coroutine[Any, Any, None], questions: Sequence[_Question[Any, Any]]) -> None:
    """Work that ends when nobody waits for any of its answers any more; until then, these hold it."""
    task = asyncio.create_task(work, name="shared statements")

    def ended(_: "asyncio.Future[Any]") -> None:
        if all(question.answer.cancelled() for question in questions):
            task.cancel()

    for question in questions:
        question.answer.add_done_callback(ended)
