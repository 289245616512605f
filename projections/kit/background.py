"""Tasks in the background: kept running beside a block, and ended so that none goes on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from projections.kit.backoff import Backoff

Rest = Callable[[], Awaitable[None]]
"""What is done between two looks at something that may have changed."""

_AGAIN = Backoff(0.5, 30)
_PATIENCE, _IN_ORDER = 5.0, 30.0
"""Seconds that a task may take to end before it is told again; the latter where it has much to put in order."""

_logger = logging.getLogger(__name__)


class TaskStuck(Exception):
    """A task does not end though it was cancelled; only the end of the process ends it."""


async def end(*tasks: "asyncio.Task[Any] | None", patience: float | None = None, once: bool = False) -> None:
    """Cancel tasks and wait until they have ended; what they raise is dropped.

    Who goes on for ``patience`` seconds is told again: a cancellation is lost where a clean-up on the way out
    fails with an error of its own, as a rollback does on a connection that is gone, and somebody who tries
    again whatever fails meets that error in its place. With ``once`` that raises TaskStuck instead, where
    to wait on would stop everything else permanently.
    """
    left = {task for task in tasks if task is not None}
    try:
        while left:
            for task in left:
                task.cancel()
            done, left = await asyncio.wait(left, timeout=_PATIENCE if patience is None else patience)
            for task in done:
                if not task.cancelled():
                    # Looked at, so that nobody complains that it was not.
                    task.exception()
            if left and once:
                raise TaskStuck(f"{', '.join(task.get_name() for task in left)} does not end.")
    finally:
        # Whoever waits here may be cancelled too.
        for task in left:
            task.cancel()


@asynccontextmanager
async def running(work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> AsyncIterator[None]:
    """A task beside the block, ended with it; see `end`. Work that fails is told of, and begins again: nobody
    else would notice that it has ended."""
    task = asyncio.create_task(_kept_at(work, name), name=name)
    try:
        yield
    finally:
        await end(task, patience=_IN_ORDER)


async def _kept_at(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    failures = 0
    while True:
        try:
            return await work()
        except Exception:
            failures += 1
            _logger.exception("The task %s failed and is restarted.", name)
            await asyncio.sleep(_AGAIN.pause(failures))


async def happens(event: asyncio.Event, *, within: float) -> bool:
    """Wait for an event, for so many seconds at the most; whether it is set."""
    # asyncio.wait_for would swallow a cancellation that comes together with the event.
    try:
        async with asyncio.timeout(within):
            await event.wait()
    except TimeoutError:
        return False
    return True
