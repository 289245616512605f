"""An API of a process of its own, which may be killed, and what happens meanwhile."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from socket import socket

from app.settings import Settings
from tests.kit.client import Client

_BRIEF = """
import runpy, sys
from datetime import timedelta
import app.auth.sessions
app.auth.sessions.ACCESS = timedelta(seconds=float(sys.argv.pop(1)))
runpy.run_module("app.cli", run_name="__main__", alter_sys=True)
"""


async def api_process(
    settings: Settings, listener: socket, *, access_seconds: float | None = None
) -> Process:
    """The API on this socket, which goes on to listen when it is killed; with access tokens that are good for a
    shorter time than others."""
    program = ("-m", "app.cli") if access_seconds is None else ("-c", _BRIEF, str(access_seconds))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, *program, "api", "--fd", str(listener.fileno())),
        env={**os.environ, **settings.environ()},
        pass_fds=(listener.fileno(),),
        stderr=DEVNULL,
    )


async def created(
    somebody: Client, title: str, done: Callable[[], bool], positions: list[list[str]] | None = None
) -> list[str]:
    """Create tasks through another process of the API until it is done; their titles. With ``positions`` each is
    noted there, with its title."""
    titles = list[str]()
    while not done():
        titles.append(f"{title} {len(titles)}")
        await made(somebody, titles[-1], positions)
        await asyncio.sleep(0.05)
    return titles


async def made(somebody: Client, title: str, positions: list[list[str]] | None = None) -> None:
    """Create a task."""
    receipt = await somebody.send("CreateTask", input={"title": title})
    if positions is not None:
        positions.append([receipt["position"], title])
