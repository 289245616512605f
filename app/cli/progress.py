"""How far a long command is, in lines on standard error: a terminal, a log and a script all see them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import typer

EVERY = 10.0
"""Seconds between two lines."""


@asynccontextmanager
async def now_and_then(how_far: Callable[[], str]) -> AsyncIterator[None]:
    """Say ``how_far`` things are, again and again for as long as the block lasts."""
    from projections.kit.background import running

    async def tell() -> None:
        began = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(EVERY)
            seconds = asyncio.get_running_loop().time() - began
            typer.echo(f"headwater: {how_far()}, after {seconds:.0f} s.", err=True)

    async with running(tell, name="progress"):
        yield
