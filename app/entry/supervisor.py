"""Keeps servers running: one that dies is started again, with a growing pause."""

import asyncio
from collections.abc import Callable, Iterable

from app.embedded import EmbeddedError
from app.embedded.services import SupervisedServer
from projections.kit.backoff import Backoff

_LOOK = 1.0
"""Seconds between two looks at the length of a log."""
_BACKOFF = Backoff(0.5, 30)
_SETTLED_AFTER = 60.0


async def keep_running(servers: Iterable[SupervisedServer], *, say: Callable[[str], None]) -> None:
    """Watch ``servers``, which have been started, until cancelled, and keep their logs short."""
    async with asyncio.TaskGroup() as keepers:
        for server in servers:
            keepers.create_task(_keep(server, say))
            keepers.create_task(_keep_log_short(server))


async def _keep_log_short(server: SupervisedServer) -> None:
    while True:
        if server.process is not None:
            await asyncio.to_thread(server.process.shorten_log)
        await asyncio.sleep(_LOOK)


async def _keep(server: SupervisedServer, say: Callable[[str], None]) -> None:
    clock = asyncio.get_running_loop().time
    failures = 0
    while True:
        assert server.process is not None, "start() comes first"
        started = clock()
        code = await server.process.ended()
        if clock() - started > _SETTLED_AFTER:
            failures = 0
        failures += 1
        pause = _BACKOFF.pause(failures)
        log = server.process.log
        say(f"{server.name} ended ({_meaning(code)}); it starts again in {pause:g} s (see {log}).")
        await asyncio.sleep(pause)
        try:
            server.start()
            await server.ready()
        except EmbeddedError as error:
            # The process has ended by itself or is stopped here, so the next round tries again.
            say(str(error))
            if server.process.exit_code() is None:
                # It lives and waits for another, which is none of its faults.
                failures = 0
            await server.stop()
        else:
            say(f"{server.name} runs again.")


def _meaning(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
