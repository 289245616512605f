"""The launcher of Postgres: whole data folders, clear refusals, no port, survival."""

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.embedded import EmbeddedError, identity
from app.embedded.postgres import Postgres

pytestmark = pytest.mark.servers


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Postgres]:
    server = Postgres(folder / "data", sockets=folder / "run", log=folder / "postgres.log")
    server.start()
    try:
        await server.ready()
        yield server
    finally:
        await server.stop()


async def ask(server: Postgres, *statements: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def test_what_was_committed_survives_the_kill_of_the_server(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await ask(server, "create table kept as select 42 as answer", "select 1")
        assert server.process is not None
        server.process.kill()
    async with running(tmp_path) as server:
        assert await ask(server, "select answer from kept") == 42


async def test_it_listens_on_a_socket_that_only_its_owner_can_open(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert server.process is not None
        assert [c.status for c in psutil.Process(server.process.pid).net_connections("inet")] == []
        assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


async def test_a_half_made_data_folder_is_made_anew(tmp_path: Path) -> None:
    draft = tmp_path / "data" / "new-killed"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    async with running(tmp_path) as server:
        assert await ask(server, "select 1") == 1
    assert not draft.exists()


async def test_refuses_a_data_folder_that_lost_files(tmp_path: Path) -> None:
    (tmp_path / "data" / "18").mkdir(parents=True)
    (tmp_path / "data" / "18" / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedError, match=r"is not a complete Postgres data folder; move it away"):
        async with running(tmp_path):
            pass


async def test_refuses_a_data_folder_of_another_version(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    (tmp_path / "data" / "18" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"was written by Postgres 17, and this is Postgres 18\."):
        async with running(tmp_path):
            pass


async def test_says_why_it_ended(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    (tmp_path / "data" / "18" / "postgresql.conf").write_text("shared_buffers = nonsense\n")
    with pytest.raises(
        EmbeddedError, match=r"^Postgres stopped unexpectedly; its last words were: .*postgres\.log"
    ):
        async with running(tmp_path):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another uid")
async def test_root_without_user_namespaces_runs_it_under_an_unused_uid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setattr(identity, "server_identity", lambda: "uid:41700")
    async with running(tmp_path / "closed") as server:
        assert await ask(server, "select 1") == 1
        assert server.process is not None
        assert psutil.Process(server.process.pid).uids().effective == 41700
    monkeypatch.undo()
    async with running(tmp_path / "closed") as server:
        assert await ask(server, "select 1") == 1
