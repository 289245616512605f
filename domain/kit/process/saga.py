"""Sagas: named steps in order, each with what undoes it, carried through or undone whatever happens between.

class OpenShop(Saga[Order], name="commerce.open_shop", version=1):
    \"\"\"Rents a place, then hangs up a sign.\"\"\"

    @on(Shop.Requested)
    def requested(self, progress: Progress[Order] | None, event: Shop.Requested) -> Then[Progress[Order]]:
        return self.begin(Order(street=event.street))

    async def rent(self, order: Order, call: Call[Progress[Order]]) -> str: ...
    async def give_notice(self, order: Order, call: Call[Progress[Order]]) -> None: ...
    async def hang_up(self, order: Order, call: Call[Progress[Order]]) -> None: ...

    steps = (Step("rent", do=rent, undo=give_notice), Step("sign", do=hang_up))
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from domain.kit.events import Event
from domain.kit.process.effects import Action, Call, Done, Effect, Failed, Policy, Then
from domain.kit.process.process import Process, performs, when_discarded, when_done, when_failed

Order = TypeVar("Order")

# A step is a function in the body of the saga's own class, whose type is not made yet, hence Any.
Act = Callable[[Any, Any, Any], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a saga: a name, how it is done, and what undoes it; ``async (self, order, call) -> result``.

    ``undo`` is called only for steps that were done, or that may have been done when they were given up, so it
    must succeed when there is nothing to undo. Without one there is nothing to be done about the step.
    """

    name: str
    """Stored: raise the saga's version when steps change names or places."""
    do: Act
    undo: Act | None = None
    attempts: int = 3
    timeout: float = 30.0
    pause: float = 1.0


class SagaStatus(StrEnum):
    """How a saga stands."""

    RUNNING = "running"
    FINISHED = "finished"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaState(Generic[Order]):
    """The state of a saga."""

    order: Order
    status: SagaStatus = SagaStatus.RUNNING
    done: tuple[str, ...] = ()
    """The steps to be undone if it comes to that: those that were done, or may have been."""
    results: dict[str, Any] = field(default_factory=dict)
    """What the steps returned, as plain JSON; later steps and undos read it from ``call.state.results``."""
    failed: str | None = None
    """The step that was given up."""
    error: str | None = None


class Saga(Process[SagaState[Order]], Generic[Order]):
    """A process of steps. One step at a time is under way; a kill anywhere loses none and repeats none."""

    steps: ClassVar[Sequence[Step]] = ()

    class Do(Effect):
        """Do a step."""

        step: str

        @property
        def key(self) -> str:
            return f"do {self.step}"

    class Undo(Effect):
        """Undo a step."""

        step: str

        @property
        def key(self) -> str:
            return f"undo {self.step}"

    def __init_subclass__(cls, *, name: str = "", version: int = 1) -> None:
        names = [step.name for step in cls.steps]
        if name and (not names or len(set(names)) < len(names)):
            raise TypeError(f"{cls.__name__} needs steps, each with a name of its own.")
        super().__init_subclass__(name=name, version=version)

    @classmethod
    def stored_state(cls, given: Any) -> Any:
        """The progress of such an order."""
        super().stored_state(given)
        return SagaState[given]

    def begin(self, order: Order) -> Then[SagaState[Order]]:
        """The answer to the event that the saga begins with."""
        return Then(SagaState(order=order), self.Do(step=self.steps[0].name))

    def give_up(self, progress: SagaState[Order], error: str) -> Then[SagaState[Order]]:
        """The answer to an event that takes the request back: once the step under way has ended, all is undone."""
        if progress.status is not SagaStatus.RUNNING:
            return Then(progress)
        return Then(replace(progress, status=SagaStatus.UNDOING, error=error))

    def finished(self, progress: SagaState[Order]) -> Sequence[Action]:
        """What is to be done when all steps are done; nothing unless overridden."""
        return ()

    def undone(self, progress: SagaState[Order]) -> Sequence[Action]:
        """What is to be done when all is undone; nothing unless overridden."""
        return ()

    def stream_ended(self, state: SagaState[Order] | None, event: Event) -> Then[SagaState[Order]]:
        """A saga goes on when the stream ends; declare a reaction that gives up if it should not."""
        return Then(state)

    def policy_of(self, effect: Effect) -> Policy:
        """What the step declares."""
        assert isinstance(effect, self.Do | self.Undo)
        step = self._step(effect.step)
        return Policy(step.attempts, step.timeout, step.pause)

    @performs(Do)
    async def _do(self, effect: "Saga.Do", call: Call[SagaState[Order]]) -> object:
        assert call.state is not None
        return await self._step(effect.step).do(self, call.state.order, call)

    @performs(Undo)
    async def _undo(self, effect: "Saga.Undo", call: Call[SagaState[Order]]) -> object:
        undo = self._step(effect.step).undo
        assert call.state is not None
        return None if undo is None else await undo(self, call.state.order, call)

    @when_done(Do)
    def _did(self, progress: SagaState[Order], done: "Done[Saga.Do]") -> Then[SagaState[Order]]:
        step = done.action.step
        results = progress.results if done.result is None else {**progress.results, step: done.result}
        progress = replace(progress, done=(*progress.done, step), results=results)
        if progress.status is SagaStatus.UNDOING:
            return self._back(progress)
        names = [step.name for step in self.steps]
        if following := names[names.index(step) + 1 :]:
            return Then(progress, self.Do(step=following[0]))
        progress = replace(progress, status=SagaStatus.FINISHED)
        return Then(progress, *self.finished(progress))

    @when_failed(Do)
    def _failed(self, progress: SagaState[Order], failed: "Failed[Saga.Do]") -> Then[SagaState[Order]]:
        # What may have happened has to be undone like what did.
        maybe = () if failed.certain else (failed.action.step,)
        progress = replace(
            progress,
            status=SagaStatus.UNDOING,
            done=(*progress.done, *maybe),
            failed=failed.action.step,
            error=progress.error or failed.error,
        )
        return self._back(progress)

    @when_done(Undo)
    def _undid(self, progress: SagaState[Order], done: "Done[Saga.Undo]") -> Then[SagaState[Order]]:
        return self._back(replace(progress, done=progress.done[:-1]))

    @when_discarded(Undo)
    def _left(self, progress: SagaState[Order], failed: "Failed[Saga.Undo]") -> Then[SagaState[Order]]:
        return self._back(replace(progress, done=progress.done[:-1]))

    def _back(self, progress: SagaState[Order]) -> Then[SagaState[Order]]:
        """Undo the last step that can be, or is at the end of it."""
        left = list(progress.done)
        while left and self._step(left[-1]).undo is None:
            left.pop()
        if left:
            return Then(replace(progress, done=tuple(left)), self.Undo(step=left[-1]))
        progress = replace(progress, done=(), status=SagaStatus.UNDONE)
        return Then(progress, *self.undone(progress))

    def _step(self, name: str) -> Step:
        for step in self.steps:
            if step.name == name:
                return step
        raise LookupError(f"{self.name} has no step {name!r}.")
