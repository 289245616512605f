"""The reads by hand: one statement of SQL for each, and no GraphQL."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.tables import opened, pool_of, serve

_PAGE = """
select t.id, t.title, t.status, t.priority, u.id as user_id, u.name as user_name, u.email,
       p.id as project_id, p.name as project_name
  from tasks t left join users u on u.id = t.assigned_to left join projects p on p.id = t.project_id
 where {where} order by t.created_at desc, t.id desc limit {limit}
"""
_OF_ALL, _OF_PROJECT = _PAGE.format(where="true", limit="$1"), _PAGE.format(where="p.id = $1", limit="$2")
_PLAIN = "select id, title, status, priority from tasks order by created_at desc, id desc limit $1"
_ONE = "select id, title, status, priority from tasks where id = $1"

Shown = dict[str, object]


# A record's values are untyped, hence Any.
def _task(row: Mapping[str, Any]) -> Shown:
    return {"id": str(row["id"]), "title": row["title"], "status": row["status"], "priority": row["priority"]}


def _assigned(row: Mapping[str, Any]) -> Shown:
    user = row["user_id"] and {"id": str(row["user_id"]), "name": row["user_name"], "email": row["email"]}
    return {**_task(row), "assignee": user}


def _linked(row: Mapping[str, Any]) -> Shown:
    project = row["project_id"] and {"id": str(row["project_id"]), "name": row["project_name"]}
    return {**_assigned(row), "project": project}


async def _one(pool: Any, id: str) -> Shown:
    return {"task": _task(await pool.fetchrow(_ONE, id))}


async def _page(pool: Any, _: str) -> Shown:
    return {"tasks": {"nodes": [_linked(row) for row in await pool.fetch(_OF_ALL, 50)]}}


async def _project(pool: Any, id: str) -> Shown:
    project = await pool.fetchrow("select id, name from projects where id = $1", id)
    rows = await pool.fetch(_OF_PROJECT, id, 50)
    tasks = {"nodes": [_assigned(row) for row in rows]}
    return {"project": {"id": str(project["id"]), "name": project["name"], "tasks": tasks}}


async def _plain(pool: Any, _: str) -> Shown:
    return {"tasks": {"nodes": [_task(row) for row in await pool.fetch(_PLAIN, 100)]}}


_READS = {"One": _one, "Page": _page, "OfProject": _project, "Plain": _plain}


async def _answer(request: Request) -> Response:
    pool, given = pool_of(request), orjson.loads(await request.body())
    data = await _READS[given["operationName"]](pool, given["variables"].get("id", ""))
    return Response(orjson.dumps({"data": data}), media_type="application/json")


if __name__ == "__main__":
    serve(Starlette(routes=[Route("/graphql", _answer, methods=["POST"])], lifespan=opened))
