"""The root of the ``headwater`` command. A module is loaded when its command is run, and for ``--help`` none is.

A module's Typer ``app`` is the group named after it; its ``commands``, by name, stand at the root, each with
the line that closes its help.
"""

import sys

import typer
from typer._click import Command, Context, Parameter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from app.cli.failures import told
from app.cli.output import watched

COMMANDS = {
    "run": ("running", "Run everything on this machine: servers, API and worker."),
    "api": ("running", "Serve GraphQL, for servers that run already."),
    "worker": ("running", "Run one worker, which folds the log into the views."),
    "migrate": ("running", "Bring the database to the newest schema."),
    "demo": ("running", "Create the demo companies if the log is empty, and print who can sign in."),
    "settings": ("settings", "List every setting, its default and what it means."),
    "status": ("status", "Say how the views and the workers stand."),
    "views": ("views", "List the views, look into one, pause some."),
    "rebuild": ("rebuild", "Build views anew beside those that serve, compare, and cut over to them."),
    "reconcile": ("rebuild", "Compare views with the log, row by row, and say where they differ."),
    "rollback": ("rebuild", "Let the generations serve again that served before a rebuild."),
    "rebuilds": ("rebuilds", "List the rebuilds, or show one."),
    "pause": ("rebuilds", "Let a rebuild rest where it is."),
    "resume": ("rebuilds", "Let a paused rebuild go on."),
    "cancel": ("rebuilds", "Give a rebuild up; the views that serve go on serving."),
    "accept": ("rebuilds", "Cut over to a rebuild although its rows differ from those that serve."),
    "parked": ("parked", "List parked streams, or mend them."),
    "replay": ("replay", "Fold events of the log again, and put right the rows that differ."),
    "log": ("log", "Ask the event log itself."),
    "effects": ("effects", "See and mend what processes do."),
    "tenant": ("tenant", "Make tenants, list them, and move their data."),
    "account": ("account", "Suspend accounts, and help people who cannot get into theirs."),
    "token": ("token", "Issue service tokens, and rotate signing keys."),
    "keys": ("keys", "See and renew the keys of personal data."),
    "privacy": ("privacy", "Forget people, export what is kept about them."),
    "audit": ("audit", "Ask who read what, and let old records go."),
    "catalogue": ("catalogue", "List every field that is kept: its class, whose it is, and how long."),
    "mask-dump": ("catalogue", "Copy the data with pseudonyms for whatever is personal or confidential."),
    "backfill": ("backfill", "Bring old data up to what new code expects."),
    "schema": ("schema", "Print the GraphQL schema in its own language."),
    "certificates": ("certificates", "Make certificates for servers that belong together."),
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
        """Runs the command that is named."""
        with told(ctx):
            return super().invoke(ctx)


root = typer.Typer(name="headwater", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


@root.callback()
def headwater() -> None:
    """A multi-tenant customer-operations backend on one immutable event log."""


def main() -> None:
    """Run the command line."""
    watched()
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

    module = import_module(f"app.cli.{COMMANDS[name][0]}")
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
    for one in getattr(command, "commands", {}).values():
        _plain_switches(one)


def _bare(parameters: list[Parameter]) -> None:
    """Shows switches without a type: ``--json``, and not ``--json <bool>``."""
    for one in parameters:
        if getattr(one, "is_flag", False):
            one.metavar = ""
