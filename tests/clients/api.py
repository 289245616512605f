"""An API of a process of its own, which may be killed, and what happens meanwhile."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from socket import socket

from app.settings import Settings
from tests.kit.client import Client


async def api_process(settings: Settings, listener: socket) -> Process:
    """The API on this socket, which goes on to listen when it is killed."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "api", "--fd", str(listener.fileno())),
        env={**os.environ, **settings.environ()},
        pass_fds=(listener.fileno(),),
        stderr=DEVNULL,
    )


async def created(somebody: Client, title: str, done: Callable[[], bool]) -> list[str]:
    """Create tasks through another process of the API until it is done; their titles."""
    titles = list[str]()
    while not done():
        titles.append(f"{title} {len(titles)}")
        await somebody.send("CreateTask", input={"title": titles[-1]})
        await asyncio.sleep(0.05)
    return titles
