"""Two tenants with things of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.kit.client import Client
from tests.work.api import created, project

SECRET = "Zanzibar"
"""A word in everything that the first tenant has."""


@dataclass
class Scene:
    """The first tenant's people and things, and somebody of another tenant, who has things of his own."""

    owner: Client
    stranger: Client
    ids: dict[str, str]
    own: dict[str, str]
    cursors: dict[str, str]


async def things(client: Client, word: str) -> dict[str, str]:
    """The ids of a person, a project and a task whose texts hold the word."""
    garden = await project(client, word, description=word)
    task = await created(
        client, word, description=word, projectId=garden, assignedTo=client.me, tags=[word.lower()]
    )
    return {"task": task["id"], "project": garden, "person": client.me}


@asynccontextmanager
async def changing(id: str, *clients: Client) -> AsyncIterator[None]:
    """The task with this id changes in each client's tenant all the time, as long as the block lasts."""

    async def run() -> None:
        while True:
            for mutation in ("CompleteTask", "ReopenTask"):
                for client in clients:
                    await client.send(mutation, input={"id": id})

    running = asyncio.create_task(run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
