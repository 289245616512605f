"""The reads with Strawberry as its documentation has it: resolvers, and data loaders for what is linked."""

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from bench.peers.tables import opened, pool_of, serve

_TASKS = "select id, title, status, priority, assigned_to, project_id from tasks"
_NEWEST = "order by created_at desc, id desc limit"

# A record's values, and what a request carries, are untyped: hence Any in this module.
Info = strawberry.Info[Any, None]


@strawberry.type
class User:
    """Somebody that tasks are assigned to."""

    id: strawberry.ID
    name: str
    email: str


@strawberry.type
class Project:
    """A project."""

    id: strawberry.ID
    name: str

    @strawberry.field
    async def tasks(self, info: Info, first: int = 20) -> "Tasks":
        sql = f"{_TASKS} where project_id = $1 {_NEWEST} $2"
        return Tasks(nodes=[_task(row) for row in await info.context["pool"].fetch(sql, self.id, first)])


@strawberry.type
class Task:
    """A task."""

    id: strawberry.ID
    title: str
    status: str
    priority: str
    assigned_to: strawberry.Private[object]
    project_id: strawberry.Private[object]

    @strawberry.field
    async def assignee(self, info: Info) -> User | None:
        found: User | None = await info.context["users"].load(self.assigned_to) if self.assigned_to else None
        return found

    @strawberry.field
    async def project(self, info: Info) -> Project | None:
        found: Project | None = (
            await info.context["projects"].load(self.project_id) if self.project_id else None
        )
        return found


@strawberry.type
class Tasks:
    """A page of tasks."""

    nodes: list[Task]


def _task(row: Mapping[str, Any]) -> Task:
    return Task(
        id=strawberry.ID(str(row["id"])),
        title=row["title"],
        status=row["status"],
        priority=row["priority"],
        assigned_to=row["assigned_to"],
        project_id=row["project_id"],
    )


@strawberry.type
class Query:
    """Where reads begin."""

    @strawberry.field
    async def task(self, info: Info, id: strawberry.ID) -> Task | None:
        row = await info.context["pool"].fetchrow(f"{_TASKS} where id = $1", id)
        return _task(row) if row else None

    @strawberry.field
    async def tasks(self, info: Info, first: int = 20) -> Tasks:
        rows = await info.context["pool"].fetch(f"{_TASKS} {_NEWEST} $1", first)
        return Tasks(nodes=[_task(row) for row in rows])

    @strawberry.field
    async def project(self, info: Info, id: strawberry.ID) -> Project | None:
        row = await info.context["pool"].fetchrow("select id, name from projects where id = $1", id)
        return Project(id=strawberry.ID(str(row["id"])), name=row["name"]) if row else None


class Served(GraphQL[Any, None]):
    """The endpoint, with a pool and loaders for each request."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Any:
        assert isinstance(request, Request)
        pool = pool_of(request)

        async def users(ids: Sequence[object]) -> list[User | None]:
            rows = await pool.fetch("select id, name, email from users where id = any($1)", ids)
            found = {
                row["id"]: User(id=strawberry.ID(str(row["id"])), name=row["name"], email=row["email"])
                for row in rows
            }
            return [found.get(id) for id in ids]

        async def projects(ids: Sequence[object]) -> list[Project | None]:
            rows = await pool.fetch("select id, name from projects where id = any($1)", ids)
            found = {row["id"]: Project(id=strawberry.ID(str(row["id"])), name=row["name"]) for row in rows}
            return [found.get(id) for id in ids]

        return {"pool": pool, "users": DataLoader(users), "projects": DataLoader(projects)}


if __name__ == "__main__":
    served = Served(strawberry.Schema(Query), graphql_ide=None)
    serve(Starlette(routes=[Route("/graphql", served)], lifespan=opened))
