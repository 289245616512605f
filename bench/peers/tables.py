"""The peers' tables, and what both programs share: a pool, and a token that is checked."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request

_TABLES = """
create table users (id uuid primary key, name text not null, email text not null);
create table projects (id uuid primary key, name text not null);
create table tasks (
    id uuid primary key, title text not null, status text not null, priority text not null,
    created_at timestamptz not null, assigned_to uuid references users, project_id uuid references projects);
create index on tasks (created_at desc, id desc);
create index on tasks (project_id, created_at desc, id desc);
"""
_KEY = "a secret that the peers alone know, of thirty-two bytes or more"
TOKEN = jwt.encode({"sub": "bench"}, _KEY, algorithm="HS256")
"""A token that the peers take."""

Rows = Iterable[tuple[object, ...]]


async def fill(url: str, *, users: Rows, projects: Rows, tasks: Rows) -> None:
    """Make the tables, with these rows: a value for each column."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_TABLES)
        for table, rows in (("users", users), ("projects", projects), ("tasks", tasks)):
            await connection.copy_records_to_table(table, records=rows)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


@asynccontextmanager
async def opened(app: Starlette) -> AsyncIterator[None]:
    """The pool, as the application's state."""
    async with asyncpg.create_pool(os.environ["PEER_URL"], min_size=8, max_size=8) as app.state.pool:
        yield


# A pool's rows are untyped, hence Any.
def pool_of(request: Request) -> Any:
    """The pool, for who shows a good token."""
    jwt.decode(request.headers["authorization"].removeprefix("Bearer "), _KEY, algorithms=["HS256"])
    return request.app.state.pool


def serve(app: Starlette) -> None:
    """Answer until terminated."""
    # Its connections are kept while the others have their turns.
    uvicorn.run(app, port=int(os.environ["PEER_PORT"]), log_level="warning", timeout_keep_alive=600)
