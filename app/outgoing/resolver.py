"""The addresses of a host, by the system's resolver."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host, the best one first. Raises OSError when there are none."""

_THREADS = 8


class SystemResolver:
    """Asks the system, in threads of its own: a host whose name servers hang delays nothing but such calls."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")

    async def __call__(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _addresses, host)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Take no more questions; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
