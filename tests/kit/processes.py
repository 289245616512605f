"""Looking at processes from outside, as an operator would."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import psutil


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 120) -> None:
    """Wait until ``condition`` holds; fail after ``seconds``, which no passing test comes near."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.02)


def alive(pids: Iterable[int]) -> list[int]:
    """Those of ``pids`` that still run; one that only waits to be reaped does not."""
    return [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
