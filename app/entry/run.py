"""``headwater run``: the servers, the API and a worker as child processes, until a signal."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from app.embedded import EmbeddedError
from app.embedded.folder import held, in_use
from app.embedded.services import EmbeddedServices, SupervisedServer, embedded_services
from app.entry import programs
from app.entry.banner import welcome
from app.entry.supervisor import keep_running
from app.http.listener import listening
from app.settings import Settings

_SAME_SIGNAL_SECONDS = 1
"""A signal to the whole process group arrives twice under make, which passes it on."""

Say = Callable[[str], None]


def run(settings: Settings, *, say: Say) -> None:
    """Run Headwater until SIGINT, SIGTERM or SIGHUP; ``say`` hears what the person should know.

    Raises EmbeddedError when something cannot start. A second signal ends everything at once.
    """
    asyncio.run(_until_signal(serve(settings, say=say), say))


async def serve(settings: Settings, *, say: Say) -> None:
    """Start everything, say what to open, and keep it running until cancelled; then stop it in order."""
    if in_use(settings.data_dir):
        # Another run on this folder holds the port too, and is the better thing to hear about.
        async with held(settings.data_dir):
            pass
    # Held from here on, so that nobody else comes between, or answers in the API's place while it starts.
    with listening(settings.host, settings.port) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        async with embedded_services(settings, say=say) as services:
            _require_wanted()
            # There from the start, for that is where people are told to look.
            (services.folder.path / "mail").mkdir(mode=0o700, exist_ok=True)
            await _prepare(services.settings(settings), say)
            _require_wanted()
            await _serve(services, services.settings(settings), listener, say)


async def _serve(services: EmbeddedServices, settings: Settings, listener: socket.socket, say: Say) -> None:
    from app.demo.demo import password, sign_ins

    api, worker = (
        programs.api(settings, services.folder, listener),
        programs.worker(settings, services.folder),
    )
    try:
        for program in (api, worker):
            program.start()
        for program in (api, worker):
            await program.ready()
        _require_wanted()
        say(
            welcome(
                url=programs.address(settings),
                people=sign_ins(settings),
                password=password(settings),
                folder=services.folder.path,
                page=settings.shows_graphiql,
                files=not settings.smtp_url,
            )
        )
        watched: list[SupervisedServer] = [*services.servers, api, worker]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running(watched, say=say))
            if services.search is not None:
                tasks.create_task(_keep_search(services, say))
    finally:
        # The API goes first, so that no request meets a system that is half there.
        await api.stop()
        await worker.stop()


async def _keep_search(services: EmbeddedServices, say: Say) -> None:
    assert services.search is not None
    try:
        await services.search.ready()
    except EmbeddedError as error:
        say(f"{error} Search stays on Postgres.")
        return
    assert services.search.server is not None
    await keep_running([services.search.server], say=say)


async def _prepare(settings: Settings, say: Say) -> None:
    """Migrate, and make the demo if the log is empty."""
    from app.demo.demo import ensure_demo
    from projections.kit.store.postgres_tables import ShapeChanged

    say("Database: bringing it up to date.")
    await bring_up_to_date(settings)
    say("Demo: making its companies if there are none yet, which takes some minutes.")
    try:
        await ensure_demo(settings)
    except ShapeChanged as error:
        raise EmbeddedError(f"The code does not fit what it stored: {error} Raise the version.") from error


async def bring_up_to_date(settings: Settings, *, new_secret: bool = False) -> None:
    """Migrate the database. Raises EmbeddedError when it refuses."""
    from app.storage.migrate import MigrationRefused, migrate

    try:
        await migrate(settings.database_url, secret=settings.secret, new_secret=new_secret)
    except MigrationRefused as error:
        raise EmbeddedError(f"The database cannot be brought up to date: {error}") from error


def _require_wanted() -> None:
    """Stop if a signal came and whatever was waited for took the cancellation for its own, as clients do."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _until_signal(work: Coroutine[Any, Any, None], say: Say) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    interrupts: list[float] = []

    def stop() -> None:
        interrupts.append(loop.time())
        if len(interrupts) == 1:
            say("Stopping; a second signal stops at once.")
            task.cancel()
        elif interrupts[-1] - interrupts[0] > _SAME_SIGNAL_SECONDS:
            # The children's leashes stop them when this process is gone.
            os._exit(1)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        say("Stopped.")
