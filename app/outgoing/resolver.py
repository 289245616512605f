"""The addresses of a host, by the system's resolver."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host, the best one first. Raises OSError when there are none."""

_THREADS = 256
"""More than calls go on at once, with those given up of which the system still asks hanging name servers."""


class SystemResolver:
    """Asks the system, in threads of its own: a host whose name servers hang delays nothing but such calls.

    Of each host one question is open at a time: whoever asks it again waits for the same answer.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")
        self._pending: dict[tuple[int, str], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        key = id(loop), host
        if (answer := self._pending.get(key)) is None:
            answer = self._pending[key] = loop.run_in_executor(self._threads, _addresses, host)
            answer.add_done_callback(lambda done: self._answered(key, done))
        found = await asyncio.shield(answer)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Take no more questions; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answered(self, key: tuple[int, str], done: "asyncio.Future[list[str]]") -> None:
        self._pending.pop(key, None)
        if not done.cancelled():
            # Whoever asked may have gone by now.
            done.exception()


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
