"""The root of the ``headwater`` command. A module is loaded when its command is run, and for ``--help`` none is.

A module's Typer ``app`` is the group named after it; its ``commands``, by name, stand at the root, each with
the line that closes its help.
"""

import sys
from typing import Annotated

import typer
from typer._click import Command, Context, Parameter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from app.cli.failures import failures_reported
from app.cli.output import watched
from app.entry.garbage_collector import collect_seldom

COMMANDS = {
    "run": ("app.cli.running", "Run everything on this machine: servers, API and worker."),
    "api": ("app.cli.running", "Serve GraphQL, for servers that run already."),
    "worker": ("app.cli.running", "Run one worker, which folds the log into the views."),
    "migrate": ("app.cli.running", "Migrate the database to the newest schema."),
    "demo": ("app.cli.running", "Create the demo companies if the log is empty, and print who can sign in."),
    "settings": ("app.cli.settings", "List every setting, its default and what it means."),
    "status": ("app.telemetry.cli", "Show the state of the views and the workers."),
    "views": ("app.views.cli.views", "List, show, pause, resume and retire views."),
    "rebuild": ("app.views.cli.rebuild", "Rebuild views beside the live generations, compare, and cut over."),
    "reconcile": (
        "app.views.cli.rebuild",
        "Compare views with the log, row by row, and show where they differ.",
    ),
    "rollback": ("app.views.cli.rebuild", "Roll back a cut-over: the former generations serve again."),
    "rebuilds": ("app.views.cli.rebuilds", "List the rebuilds, or show one."),
    "pause": ("app.views.cli.rebuilds", "Pause a rebuild."),
    "resume": ("app.views.cli.rebuilds", "Resume a paused rebuild."),
    "cancel": ("app.views.cli.rebuilds", "Cancel a rebuild; the live generations keep serving."),
    "accept": (
        "app.views.cli.rebuilds",
        "Cut over to a rebuild although its rows differ from those of the live generation.",
    ),
    "parked": ("app.views.cli.parked", "List, retry or discard parked streams."),
    "replay": ("app.views.cli.replay", "Replay events of the log, and repair the rows that differ."),
    "log": ("app.log.cli", "Inspect and verify the event log."),
    "replicate": (
        "app.log.cli",
        "Follow the log, and copy it into another database, row by row as it is stored.",
    ),
    "effects": ("app.processes.cli", "List, retry or discard effects of processes."),
    "tenant": ("app.placement.cli.tenant", "Create, list, move and suspend tenants."),
    "account": ("app.auth.cli", "Suspend and reactivate accounts, and remove lost second factors."),
    "token": ("app.auth.tokens.cli", "Issue service tokens, and rotate signing keys."),
    "keys": ("app.keys.cli", "Show and rotate the keys that seal personal data."),
    "privacy": ("app.privacy.cli", "Erase people, and export all data about them."),
    "audit": ("app.audit.cli", "List read accesses, and drop old records."),
    "catalogue": ("app.catalogue.cli", "List every stored field: its classification, subject and retention."),
    "mask-dump": (
        "app.catalogue.cli",
        "Copy the data with pseudonyms for whatever is personal or confidential.",
    ),
    "backfill": ("app.storage.cli", "Bring old data up to what new code expects."),
    "schema": ("app.cli.schema", "Print the GraphQL schema in SDL."),
    "certificates": ("app.storage.cli", "Create certificates for the internal servers."),
}
"""Every command, with the module that has it and what it does."""


class Commands(TyperGroup):
    """The commands by name. What goes wrong with a server or a setting ends each of them in the same way."""

    # The library passes what it knows of a group, of any type.
    def __init__(self, **known: object) -> None:
        super().__init__(**known)  # type: ignore[arg-type]
        for name, (_, line) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=line))

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command itself, in place of what only knows its name."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name in COMMANDS else command, rest

    def get_params(self, ctx: Context) -> list[Parameter]:
        """The options of the root."""
        _bare(found := super().get_params(ctx))
        return found

    def invoke(self, ctx: Context) -> object:
        """Run the command that is named."""
        with failures_reported(ctx):
            return super().invoke(ctx)


root = typer.Typer(name="headwater", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"headwater {version('headwater')}")
        raise typer.Exit


@root.callback()
def headwater(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Show the version.")
    ] = False,
) -> None:
    """A multi-tenant customer-operations backend on one immutable event log."""


def main() -> None:
    """Run the command line."""
    watched()
    collect_seldom()
    try:
        root()
    finally:
        # What is still to be written may find no reader, which is not to happen while the interpreter ends.
        if sys.stdout is not None:
            sys.stdout.flush()


def program() -> typer.Typer:
    """The whole command."""
    return root


def loaded(name: str) -> Command:
    """A command with all that it needs."""
    from importlib import import_module

    module = import_module(COMMANDS[name][0])
    if name in getattr(module, "commands", {}):
        function, epilog = module.commands[name]
        single = typer.Typer(add_completion=False)
        single.command(name, epilog=epilog)(function)
        command = get_command(single)
    else:
        command = get_group(module.app)
    command.name = name
    _plain_switches(command)
    return command


def _plain_switches(command: Command) -> None:
    _bare(command.get_params(Context(command)))
    for child in getattr(command, "commands", {}).values():
        _plain_switches(child)


def _bare(parameters: list[Parameter]) -> None:
    """Show switches without a type: ``--json``, and not ``--json <bool>``."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
