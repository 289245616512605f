"""Watching goes on while the database is away for a moment: that is said once, and once that it answers again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from app.cli.answers import StillAway
from app.cli.failures import database_away

AT_MOST = 60.0
"""Seconds for which a database may be away before the command gives up."""
_ANSWERED = 10.0
"""Seconds after which a question counts as not answered: a server that hangs breaks no connection."""
_PAUSE = 1.0

T = TypeVar("T")


class Reconnecting:
    """Asks a database again that does not answer, until it does or its time is over."""

    def __init__(
        self,
        *,
        then: str = "",
        forever: bool = False,
        away: Callable[[Exception], str | None] = database_away,
    ) -> None:
        """``then``: what is to be done when it is given up. ``away`` says in a sentence which errors mean that a
        server cannot be reached, and None of all others."""
        self._then, self._forever, self._away = then, forever, away
        self._since: float | None = None

    async def ask(self, question: Callable[[], Awaitable[T]], *, within: float | None = _ANSWERED) -> T:
        """The answer. ``within``: seconds in which it has to come, None for work that takes as long as it takes.

        A question may be asked several times. Raises StillAway, and whatever else it raises.
        """
        while True:
            try:
                async with asyncio.timeout(within):
                    found = await question()
            except Exception as error:
                if (said := self._away(error)) is None:
                    raise
                self._wait_or_give_up(said.rstrip("."), error)
                await asyncio.sleep(_PAUSE)
            else:
                if self._since is not None:
                    self._since = None
                    typer.echo("headwater: it answers again.", err=True)
                return found

    def _wait_or_give_up(self, said: str, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if self._since is None:
            self._since = now
            typer.echo(f"headwater: {said}; waiting for it.", err=True)
        elif not self._forever and now - self._since > AT_MOST:
            then = f"\n{self._then}" if self._then else ""
            raise StillAway(
                f"{said}, for {now - self._since:.0f} s now; it is not waited for.{then}"
            ) from error
