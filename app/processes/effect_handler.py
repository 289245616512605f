"""Carries out one effect or command: calls its performer or the bus, within its time, and says what came of it."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from app.processes.store import Claimed
from app.processes.unit_of_work import StoredState
from domain.kit.bus.bus import Bus
from domain.kit.commands import Command, commands
from domain.kit.log import AppendReceipt
from domain.kit.process.effects import Call, Effect, EffectFailed, EffectRefused, Policy, key_of
from domain.kit.process.process import Process
from domain.kit.process.system_commands import send_as_system
from domain.kit.refusals import Contended, Refusal

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a try. ``error`` is None when it was done; ``final``: there will be no other try."""

    # What a performer returned: any JSON.
    result: Any = None
    error: str | None = None
    certain: bool = False
    """Whether it certainly did not happen."""
    final: bool = True
    after: float = 0
    """Seconds before the next try at least."""


class EffectHandler:
    """Calls the outside for one process. It writes nothing of its own."""

    def __init__(self, process: Process[Any], bus: Bus) -> None:
        self._process = process
        self._bus = bus
        # A call that was cut off and does not end must not be forgotten while it runs.
        self._cut: set[asyncio.Task[object]] = set()

    def read(self, kind: str, name: str, payload: str | bytes) -> Effect | Command:
        """The effect or command that a row of the ledger holds. LookupError or ValueError when it is none."""
        known: dict[str, Any] = dict(self._process.effects) if kind == "effect" else dict(commands())
        if name not in known:
            raise LookupError(f"{self._process.name} knows no {kind} {name!r}.")
        action: Effect | Command = msgspec.json.decode(payload, type=known[name])
        return action

    def policy(self, action: Effect | Command | None) -> Policy:
        """How it is tried."""
        return self._process.policy_of(action) if isinstance(action, Effect) else Policy()

    async def perform(
        self, claimed: Claimed, stored: StoredState | None, *, transaction: object = None
    ) -> Tried:
        """Try once, and answer whatever happens; only a transactional effect's errors rise."""
        action: Effect | Command | None = None
        policy = Policy()
        try:
            action = self.read(claimed.kind, claimed.name, claimed.payload)
            policy = self.policy(action)
            if claimed.attempts > policy.attempts:
                return Tried(result=claimed.note, error="ended with the worker at the last try")
            if isinstance(action, Command):
                return _sent(await self._bounded(self._send(claimed, action, claimed.key), policy.timeout))
            call = self._call(claimed, stored, transaction)
            if transaction is not None:
                # Cut off permanently before the transaction ends, as the effect uses its connection.
                async with asyncio.timeout(policy.timeout):
                    result = await self._process.perform(action, call)
            else:
                result = await self._bounded(self._process.perform(action, call), policy.timeout)
            return Tried(result=msgspec.to_builtins(result))
        except EffectRefused as refused:
            if transaction is not None:
                raise
            return Tried(error=str(refused) or "refused", certain=True)
        except Exception as error:
            if transaction is not None:
                raise
            return self.failed(claimed, error, policy)

    def failed(self, claimed: Claimed, error: Exception, policy: Policy) -> Tried:
        """What an error means: another try, while there is one. The error's text may quote personal data, so it
        goes to the log of this process only."""
        if isinstance(error, EffectRefused):
            return Tried(error=str(error) or "refused", certain=True)
        last = claimed.attempts >= policy.attempts
        if isinstance(error, EffectFailed):
            note = msgspec.to_builtins(error.note)
            return Tried(result=note, error=str(error), final=last, after=error.after)
        _logger.warning(
            "%s could not do %s (try %s of %s).",
            self._process.name,
            claimed.key,
            claimed.attempts,
            policy.attempts,
            exc_info=error,
        )
        return Tried(result=claimed.note, error=type(error).__name__, final=last)

    def _call(self, claimed: Claimed, stored: StoredState | None, transaction: object) -> Call[Any]:
        numbers = count(1)

        async def send(command: Command) -> AppendReceipt | Refusal:
            return await self._send(claimed, command, f"{claimed.key}/send {next(numbers)}")

        origin = claimed.origin
        return Call(
            key=key_of(origin.tenant_id, self._process.name, origin.cause, claimed.key),
            tenant_id=origin.tenant_id,
            instance=origin.instance,
            attempt=claimed.attempts,
            event_id=origin.event_id,
            correlation_id=origin.correlation_id,
            state=stored and self._process.restore(stored.version, stored.text),
            send=send,
            note=claimed.note,
            transaction=transaction,
        )

    async def _send(self, claimed: Claimed, command: Command, key: str) -> AppendReceipt | Refusal:
        origin = claimed.origin
        return await send_as_system(
            self._bus,
            command,
            process=self._process.name,
            tenant_id=origin.tenant_id,
            command_id=key_of(origin.tenant_id, self._process.name, origin.cause, key),
            correlation_id=origin.correlation_id,
            event_id=origin.event_id,
        )

    async def _bounded(self, call: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """Like asyncio.timeout, but does not wait for a call that ignores that it was cut off."""
        task: asyncio.Task[object] = asyncio.create_task(call)
        try:
            done, _ = await asyncio.wait((task,), timeout=seconds)
        except asyncio.CancelledError:
            self._cut_off(task)
            raise
        if not done:
            self._cut_off(task)
            raise TimeoutError(f"It took longer than {seconds:g} s.")
        return task.result()

    def _cut_off(self, task: "asyncio.Task[object]") -> None:
        self._cut.add(task)
        task.add_done_callback(self._ended)
        task.cancel()

    def _ended(self, task: "asyncio.Task[object]") -> None:
        self._cut.discard(task)
        if not task.cancelled():
            task.exception()


def _sent(outcome: AppendReceipt | Refusal) -> Tried:
    if isinstance(outcome, AppendReceipt):
        return Tried(result={"first": outcome.first, "last": outcome.last})
    if isinstance(outcome, Contended):
        return Tried(error=outcome.code, final=False)
    return Tried(error=outcome.code, certain=True)
