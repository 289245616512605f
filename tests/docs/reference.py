"""The pages of settings and commands, made from the program."""

from app.settings import settings_table
from tests.operations.command_line import commands

SETTINGS = "docs/settings.md"
COMMANDS = "docs/commands.md"

_SETTINGS = """# Settings

Environment variables. `headwater settings` prints the same list; a test compares.

| Variable | Default | Meaning |
|---|---|---|
"""

_COMMANDS = """# Commands

`headwater COMMAND --help` says more of each; a test compares this list with the program.

| Command | What it does |
|---|---|
"""


def settings_page() -> str:
    """The text of the page of settings."""
    return _SETTINGS + "".join(
        f"| `{name}` | {default} | {what} |\n" for name, default, what in settings_table()
    )


def commands_page() -> str:
    """The text of the page of commands: the first sentence of each one's help, in order of their names."""
    return _COMMANDS + "".join(
        f"| `headwater {words}` | {' '.join((command.help or '').split(chr(10) * 2)[0].split())} |\n"
        for words, command in sorted(commands().items())
    )
