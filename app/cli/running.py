"""``headwater run``, ``api``, ``worker``, ``migrate`` and ``demo``: what makes Headwater be there."""

import asyncio
import socket

import typer

from app.cli.answers import EXIT_CODES, AsJson, say_json
from app.embedded import attached
from app.settings import PREFIX, Settings, SettingsError, read_settings


def run() -> None:
    """Run everything on this machine: servers, API and worker; data lies in HEADWATER_DATA_DIR."""
    from app.entry.run import run as run_all

    run_all(read_settings(), say=lambda line: print(line, flush=True))


def _with_servers() -> Settings:
    """The settings, when they say where the servers are without which nothing works."""
    found = read_settings()
    for variable, address in (("DATABASE_URL", found.database_url), ("REDIS_URL", found.redis_url)):
        if not address:
            raise SettingsError(f"{PREFIX}{variable} is not set; `headwater run` starts servers of its own.")
    return found


def api(
    descriptor: int | None = typer.Option(
        None,
        "--fd",
        help="The file descriptor of an inherited listening socket, instead of HEADWATER_HOST and HEADWATER_PORT.",
    ),
) -> None:
    """Serve GraphQL on HEADWATER_HOST and HEADWATER_PORT, for servers that run already."""
    from app.entry.serve import serve

    serve(_with_servers(), None if descriptor is None else socket.socket(fileno=descriptor))


def worker() -> None:
    """Run one worker, which folds the log into the views; start as many as you like."""
    from app.entry.worker import main as work

    _with_servers()
    work()


def migrate(
    new_secret: bool = typer.Option(
        False, "--new-secret", help="Let this secret take the place of another one's roles."
    ),
    as_json: AsJson = False,
) -> None:
    """Migrate the database to the newest schema."""
    from app.entry.run import bring_up_to_date

    async def work() -> None:
        async with attached(read_settings(), new=True) as settings:
            await bring_up_to_date(settings, new_secret=new_secret)

    asyncio.run(work())
    if as_json:
        say_json({"migrated": True})
    else:
        typer.echo("The database is up to date.")


def demo(as_json: AsJson = False) -> None:
    """Create the demo companies if the log is empty, and print who can sign in."""
    from app.demo.demo import code, ensure_demo, password, sign_ins

    async def work() -> Settings:
        async with attached(read_settings()) as settings:
            await ensure_demo(settings)
            return settings

    found = asyncio.run(work())
    people = sign_ins(found)
    if as_json:
        say_json(
            [
                {
                    "email": person.email,
                    "password": password(found),
                    "role": person.role,
                    "company": person.company,
                    "code": code(found) if person.factor else None,
                }
                for person in people
            ]
        )
        return
    for person in people:
        factor = f", code {code(found)}" if person.factor else ""
        typer.echo(f"{person.email}\t{password(found)}\t{person.role} of {person.company}{factor}")


commands = {
    "run": (run, None),
    "api": (api, None),
    "worker": (worker, None),
    "migrate": (migrate, EXIT_CODES),
    "demo": (demo, EXIT_CODES),
}
"""The commands at the root, each with what closes its help."""
