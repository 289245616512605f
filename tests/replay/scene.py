"""A tenant's rows in the three stores, and the three ways in which rows go wrong."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis

from app.settings import Settings
from app.storage.database import plain_url
from projections.kit.declare.row import replace
from projections.kit.declare.view import RowChanges
from projections.kit.store.redis_store import RedisStore
from projections.work.projects import ProjectCards, ProjectRow
from projections.work.tasks import Tasks, TaskSearch
from tests.kit.client import Client
from tests.kit.product import Product
from tests.work.api import created, project


@dataclass(frozen=True)
class Scene:
    """Two things of each kind; the first is damaged, the second is lost."""

    client: Client
    settings: Settings
    tasks: list[str]
    projects: list[str]
    last: str

    def damaged(self, view: str) -> str:
        """The id of the row that is changed behind the kit's back."""
        return (self.projects if view == ProjectCards.name else self.tasks)[0]

    def lost(self, view: str) -> str:
        """The id of the row that is deleted behind the kit's back."""
        return (self.projects if view == ProjectCards.name else self.tasks)[1]

    async def damage(self, view: str) -> str:
        """Change a row, delete one and add one; the id of the added one."""
        extra = str(uuid4())
        by_store = {Tasks.name: self._postgres, ProjectCards.name: self._redis, TaskSearch.name: self._search}
        await by_store[view](view, extra)
        return extra

    async def _postgres(self, view: str, extra: str) -> None:
        owner = await asyncpg.connect(plain_url(self.settings.database_url))
        try:
            tenant, changed, lost = self.client.tenant, UUID(self.damaged(view)), UUID(self.lost(view))
            await owner.execute("set role headwater_writer")
            await owner.execute(
                "update tasks_g1.tasks set title = 'Wrong', description = 'Secret'"
                " where (tenant_id, id) = ($1, $2)",
                tenant,
                changed,
            )
            await owner.execute(
                """insert into tasks_g1.tasks
                   select (jsonb_populate_record(t, jsonb_build_object('id', $3::text))).*
                     from tasks_g1.tasks t where (tenant_id, id) = ($1, $2)""",
                tenant,
                changed,
                extra,
            )
            await owner.execute("delete from tasks_g1.tasks where (tenant_id, id) = ($1, $2)", tenant, lost)
        finally:
            await owner.close()

    async def _redis(self, view: str, extra: str) -> None:
        async with Redis.from_url(self.settings.redis_url) as redis:
            store: RedisStore[ProjectRow] = RedisStore(ProjectCards(), redis, 1)
            changed, lost, added = (
                (self.client.tenant, (UUID(id),)) for id in (self.damaged(view), self.lost(view), extra)
            )
            row = replace((await store.load([changed]))[changed], name="Wrong")
            changes: RowChanges[ProjectRow] = RowChanges()
            changes.update({changed: row, added: replace(row, id=UUID(extra)), lost: None})
            # As a fold would have written it: what is deleted by hand alone is noticed by itself.
            await store.save(changes, await store.checkpoint())

    async def _search(self, view: str, extra: str) -> None:
        client = AsyncOpenSearch(self.settings.opensearch_url)
        index = f"{self.settings.index_prefix}-work-task_search-v{TaskSearch.version}-g1"
        try:
            id = f"{self.client.tenant}:{self.damaged(view)}"
            document: dict[str, Any] = await client.get(index=index, id=id)
            source = document["_source"] | {"title": "Wrong"}
            versioned = {"version": document["_version"], "version_type": "external_gte"}
            await client.index(index=index, id=id, body=source, params=versioned)
            added = f"{self.client.tenant}:{extra}"
            await client.index(index=index, id=added, body=source | {"id": extra}, params=versioned)
            await client.delete(index=index, id=f"{self.client.tenant}:{self.lost(view)}")
        finally:
            await client.close()


async def staged(product: Product) -> Scene:
    """A new tenant with two tasks and two projects, of which something stands in every view."""
    client = await product.newcomer()
    projects = [await project(client, name) for name in ("Garden", "House")]
    more = {"tags": ["red"], "assignedTo": client.me, "projectId": projects[0]}
    tasks = [(await created(client, title, **more))["id"] for title in ("Water", "Weed")]
    receipt = await client.send("RenameTask", input={"id": tasks[0], "title": "Water it"})
    return Scene(client, product.settings, tasks, projects, receipt["position"])
