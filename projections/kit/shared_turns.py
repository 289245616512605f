"""What is asked for in one turn of the event loop, done together; what fails together is tried by each alone."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

MOST = 16
"""Parts of one statement, unless it takes any number."""
_PATIENCE = 2.0
"""Seconds that a statement of several may take: where one of them waits for a lock, the others go on alone."""

C = TypeVar("C")
P = TypeVar("P")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class _Question(Generic[P, A]):
    part: P
    answer: "asyncio.Future[A]"


class SharedTurns(Generic[C, P, A]):
    """Does together what is asked for in one turn of the event loop."""

    def __init__(
        self,
        together: Callable[[C, Sequence[P]], Coroutine[Any, Any, Sequence[A]]],
        pool: C,
        alone: C,
        *,
        order: Callable[[P], str],
        most: int = MOST,
        gather: float = 0,
    ) -> None:
        """``together`` answers for each part, in their ``order``; ``alone`` lends connections to what is tried
        again. Who asks waits ``gather`` seconds for others, where that is more than a turn."""
        self._order = order
        self._together, self._pool, self._alone = together, pool, alone
        self._most, self._gather = most, gather
        self._questions: list[_Question[P, A]] = []
        self._under_way = 0
        self._waiting: list[asyncio.Future[None]] = []

    async def quiet(self) -> None:
        """Wait until what is asked for in this turn of the loop, or is under way, was answered or is tried alone;
        who waited goes on in the same turn as those who were answered."""
        await asyncio.sleep(0)
        if self._questions or self._under_way:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    async def ask(self, part: P) -> A:
        """The answer for a part, or what it raises alone."""
        loop = asyncio.get_running_loop()
        if not self._questions:
            loop.call_later(self._gather, self._begin) if self._gather else loop.call_soon(self._begin)
        question: _Question[P, A] = _Question(part, loop.create_future())
        self._questions.append(question)
        return await question.answer

    def _begin(self) -> None:
        # In the same order each time, so that the server has the statement ready.
        everything, self._questions = sorted(self._questions, key=lambda each: self._order(each.part)), []
        for questions in self._groups(everything):
            self._under_way += 1
            _start(self._answer(questions), questions)

    def _groups(self, everything: "Sequence[_Question[P, A]]") -> "list[list[_Question[P, A]]]":
        """What goes in one statement: never two that are the same in their order, as of an old lease and a new."""
        groups: list[list[_Question[P, A]]] = []
        for question in everything:
            last = groups[-1] if groups else []
            if last and len(last) < self._most and self._order(last[-1].part) != self._order(question.part):
                last.append(question)
            else:
                groups.append([question])
        return groups

    async def _answer(self, questions: "Sequence[_Question[P, A]]") -> None:
        try:
            try:
                async with asyncio.timeout(_PATIENCE):
                    answers = await self._together(self._pool, [question.part for question in questions])
            finally:
                self._ended()
        except Exception:  # noqa: BLE001  # Whatever it is, it may be that of one of them.
            for question in questions:
                if not question.answer.done():
                    _start(self._answer_one(question), [question])
        else:
            for question, answer in zip(questions, answers, strict=True):
                if not question.answer.done():
                    question.answer.set_result(answer)

    def _ended(self) -> None:
        self._under_way -= 1
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

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
