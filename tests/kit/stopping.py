"""Servers that hang: they keep their connections, and answer nothing until the block ends."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import psutil

from app.embedded.process import ChildProcess


class Server(Protocol):
    """A server that was started here."""

    @property
    def process(self) -> ChildProcess | None: ...


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """Stop the server and all its children by SIGSTOP; inside the block it hangs."""
    assert server.process is not None
    first = psutil.Process(server.process.pid)
    # The parent first, so that it starts no others meanwhile.
    first.suspend()
    every = [first, *first.children(recursive=True)]
    try:
        for process in every[1:]:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in reversed(every):
            with suppress(psutil.NoSuchProcess):
                process.resume()
