"""Processes about the toy accounts, over a port that a test may break in every way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from app.storage.database import Connection
from domain.kit.events import Event
from domain.kit.process.effects import Call, Done, Effect, Failed, Fired, Send, Then
from domain.kit.process.process import (
    Process,
    on,
    performs,
    when_discarded,
    when_done,
    when_due,
    when_failed,
)
from domain.kit.process.saga import Saga, SagaState, Step
from domain.kit.process.schedules import Cron, next_timer, occurrence_of
from tests.domain.toys import Account, Pay


class Port(Protocol):
    """Something outside that does each thing once for each key."""

    async def call(self, what: str, call: Call[Any]) -> str: ...


@dataclass(frozen=True)
class Thanked:
    """How much was paid, and how many thanks came through."""

    total: int = 0
    thanked: int = 0
    failures: tuple[str, ...] = ()


class Thanks(Process[Thanked], name="toys.thanks", version=1):
    """Thanks for each payment; an amount of 13 cannot be reacted to until a test repairs it."""

    unlucky = True

    class Thank(Effect, attempts=3, timeout=0.3, pause=0.01):
        amount: int

    def __init__(self, port: Port) -> None:
        self._port = port

    @on(Account.Paid)
    def paid(self, state: Thanked | None, event: Account.Paid) -> Then[Thanked]:
        if event.amount == 13 and self.unlucky:
            raise RuntimeError("13")
        state = state or Thanked()
        now = Thanked(state.total + event.amount, state.thanked, state.failures)
        return Then(now, self.Thank(amount=event.amount))

    @when_done(Thank)
    def thanked(self, state: Thanked, done: "Done[Thanks.Thank]") -> Then[Thanked]:
        return Then(Thanked(state.total, state.thanked + done.action.amount, state.failures))

    @performs(Thank)
    async def thank(self, effect: Thank, call: Call[Thanked]) -> str:
        return await self._port.call(f"thanks for {effect.amount}", call)


class Rent(Process[Thanked], name="toys.rent", version=1):
    """Pays the rent of an account each day at half past two, in Prague."""

    cron = Cron("30 2 * * *", "Europe/Prague")

    class PayRent(Effect, attempts=5, timeout=5, pause=0.01):
        due_at: datetime
        id: UUID

    def __init__(self, port: Port) -> None:
        self._port = port

    @on(Account.Opened)
    def opened(self, state: Thanked | None, event: Account.Opened) -> Then[Thanked]:
        return Then(Thanked(), *next_timer("rent", self.cron.after(event.timestamp)))

    @when_due("rent")
    def rent_due(self, state: Thanked, fired: Fired) -> Then[Thanked]:
        this = occurrence_of(self.cron, UUID(fired.instance), fired)
        return Then(state, self.PayRent(due_at=this.due_at, id=this.id), *next_timer("rent", this.next_at))

    @performs(PayRent)
    async def pay_rent(self, effect: PayRent, call: Call[Thanked]) -> str:
        return await self._port.call(f"{effect.due_at:%m-%d %H:%M} {effect.id}", call)


class GiveBack(Process[Thanked], name="toys.give_back", version=1):
    """Pays what was withdrawn back, and hears when that is refused."""

    @on(Account.Withdrawn)
    def withdrawn(self, state: Thanked | None, event: Account.Withdrawn) -> Then[Thanked]:
        return Then(state or Thanked(), Send(Pay(id=event.originator_id, amount=event.amount)))

    @when_failed(Pay)
    def refused(self, state: Thanked, failed: Failed[Pay]) -> Then[Thanked]:
        return Then(Thanked(failures=(*state.failures, failed.error)))

    def stream_ended(self, state: Thanked | None, event: Event) -> Then[Thanked]:
        return Then(state)


@dataclass(frozen=True)
class Order:
    """What a shop is opened for."""

    owner: str
    fails_at: str = ""
    maybe: bool = False
    """Whether the step that fails may have happened."""


class OpenShop(Saga[Order], name="toys.open_shop", version=1):
    """Rents, furnishes and opens; the last one cannot be undone."""

    def __init__(self, port: Port) -> None:
        self._port = port

    @on(Account.Opened)
    def opened(self, progress: SagaState[Order] | None, event: Account.Opened) -> Then[SagaState[Order]]:
        owner, _, fails_at = event.owner.partition("!")
        return self.begin(Order(owner=owner, fails_at=fails_at.rstrip("?"), maybe=fails_at.endswith("?")))

    @on(Account.Closed)
    def closed(self, progress: SagaState[Order], event: Account.Closed) -> Then[SagaState[Order]]:
        return self.give_up(progress, "closed")

    async def rent(self, order: Order, call: Call[SagaState[Order]]) -> str:
        return await self._act("rent", order, call)

    async def leave(self, order: Order, call: Call[SagaState[Order]]) -> None:
        await self._act("leave", order, call)

    async def furnish(self, order: Order, call: Call[SagaState[Order]]) -> str:
        return await self._act("furnish", order, call)

    async def clear(self, order: Order, call: Call[SagaState[Order]]) -> None:
        await self._act("clear", order, call)

    async def sign(self, order: Order, call: Call[SagaState[Order]]) -> str:
        return await self._act("sign", order, call)

    async def _act(self, what: str, order: Order, call: Call[SagaState[Order]]) -> str:
        return await self._port.call(what, call)

    steps = (
        Step("rent", do=rent, undo=leave, pause=0.01, timeout=5),
        Step("furnish", do=furnish, undo=clear, pause=0.01, timeout=5),
        Step("sign", do=sign, pause=0.01, timeout=5),
    )


class Heard(Process[Thanked], name="toys.heard", version=1):
    """Hears when an operator discards its effect."""

    class Tell(Effect, attempts=1):
        text: str

    def __init__(self, port: Port) -> None:
        self._port = port

    @on(Account.Noted)
    def noted(self, state: Thanked | None, event: Account.Noted) -> Then[Thanked]:
        return Then(state or Thanked(), self.Tell(text=str(event.by)))

    @performs(Tell)
    async def tell(self, effect: Tell, call: Call[Thanked]) -> None:
        await self._port.call(f"tell {effect.text}", call)

    @when_discarded(Tell)
    def discarded(self, state: Thanked, failed: "Failed[Heard.Tell]") -> Then[Thanked]:
        return Then(Thanked(failures=(*state.failures, failed.error)))


class Notes(Process[Thanked], name="toys.notes", version=1):
    """Writes a note of each payment into Headwater's own Postgres; the first two tries fail after writing."""

    class Note(Effect, transactional=True):
        text: str

    def __init__(self) -> None:
        self.tries = 0

    @on(Account.Paid)
    def paid(self, state: Thanked | None, event: Account.Paid) -> Then[Thanked]:
        return Then(state or Thanked(), self.Note(text=str(event.amount)))

    @performs(Note)
    async def note(self, effect: Note, call: Call[Thanked]) -> None:
        self.tries += 1
        connection = cast(Connection, call.transaction)
        await connection.execute("insert into public.notes values ($1)", effect.text)
        if self.tries < 3:
            raise RuntimeError("after the fact")
