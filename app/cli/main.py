"""The root of the ``headwater`` command; the modules beside it bring a group of commands, or some for the root.

A module's Typer ``app`` is the group named after it; its ``commands``, by name, stand at the root, each with
the line that closes its help.
"""

import asyncio
import socket
import sys
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import typer

import app.cli
from app.embedded import EmbeddedError, attached
from app.settings import PREFIX, Settings, SettingsError, read_settings, settings_table

root = typer.Typer(
    name="headwater",
    help="A multi-tenant customer-operations backend on one immutable event log.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line. A mistake of the user is one sentence on stderr and exit code 1."""
    command = program()
    try:
        command()
    except (SettingsError, EmbeddedError) as error:
        sys.exit(f"headwater: {error}")


@cache
def program() -> typer.Typer:
    """The whole command, with what every module brings."""
    for module in iter_modules(app.cli.__path__):
        if module.name in ("__main__", "main"):
            continue
        loaded = import_module(f"app.cli.{module.name}")
        group = getattr(loaded, "app", None)
        if isinstance(group, typer.Typer):
            root.add_typer(group, name=module.name)
        for name, (command, epilog) in getattr(loaded, "commands", {}).items():
            root.command(name, epilog=epilog)(command)
    return root


def command_names() -> set[str]:
    """What may stand right after ``headwater``."""
    whole = program()
    own = {one.name or one.callback.__name__ for one in whole.registered_commands if one.callback}
    return own | {str(group.name) for group in whole.registered_groups}


@root.command()
def run() -> None:
    """Run everything on this machine: servers, API and worker; data lies in HEADWATER_DATA_DIR."""
    from app.run import run as run_all

    run_all(read_settings(), say=lambda line: print(line, flush=True))


def _with_servers() -> Settings:
    """The settings, when they say where the servers are without which nothing works."""
    found = read_settings()
    for variable, address in (("DATABASE_URL", found.database_url), ("REDIS_URL", found.redis_url)):
        if not address:
            raise SettingsError(f"{PREFIX}{variable} is not set; `headwater run` brings servers along.")
    return found


@root.command()
def api(
    descriptor: int | None = typer.Option(
        None,
        "--fd",
        help="A listening socket that was inherited, in place of HEADWATER_HOST and HEADWATER_PORT.",
    ),
) -> None:
    """Serve GraphQL on HEADWATER_HOST and HEADWATER_PORT, for servers that run already."""
    from app.serve import serve

    serve(_with_servers(), None if descriptor is None else socket.socket(fileno=descriptor))


@root.command()
def worker() -> None:
    """Run one worker, which folds the log into the views; start as many as you like."""
    from app.worker import main as work

    _with_servers()
    work()


@root.command()
def migrate(
    new_secret: bool = typer.Option(False, help="Let this secret take the place of another one's roles."),
) -> None:
    """Bring the database to the newest schema; does nothing when it is there."""
    from app.run import bring_up_to_date

    async def work() -> None:
        async with attached(read_settings()) as settings:
            await bring_up_to_date(settings, new_secret=new_secret)

    asyncio.run(work())


@root.command()
def demo() -> None:
    """Create the demo companies if the log is empty, and print who can sign in."""
    from app.demo import code, ensure_demo, password, sign_ins

    async def work() -> Settings:
        async with attached(read_settings()) as settings:
            await ensure_demo(settings)
            return settings

    found = asyncio.run(work())
    for one in sign_ins(found):
        factor = f", code {code(found)}" if one.factor else ""
        print(f"{one.email}\t{password(found)}\t{one.role} of {one.company}{factor}")


@root.command()
def settings(markdown: bool = typer.Option(False, help="As a table for the documentation.")) -> None:
    """List every setting, its default and what it means."""
    if markdown:
        print("| Variable | Default | Meaning |\n|---|---|---|")
    for variable, default, meaning in settings_table():
        print(
            f"| `{variable}` | {default} | {meaning} |"
            if markdown
            else f"{variable}={default}\n    {meaning}"
        )
