"""The owner of the database need not be a superuser, so that no process holds a superuser's password."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import yaml

from app.embedded.postgres import Postgres
from app.settings import Settings
from app.storage.migrate import migrate
from tests.kit.following import Worker
from tests.kit.product import PRODUCT, Product, running

ROOT = Path(__file__).parents[2]


async def test_the_product_runs_in_a_database_of_a_plain_owner(tmp_path: Path, settings: Settings) -> None:
    """Made by the statements that docker-compose.yml makes it by."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    statements = re.sub(r"\$\{[^}]*\}", "secret", compose["configs"]["owner"]["content"])
    server = Postgres(tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False)
    server.start()
    await server.ready()
    try:
        connection = await asyncpg.connect(server.url)
        for statement in statements.replace("postgres password", "headwater password").split(";\n"):
            if statement.strip():
                await connection.execute(
                    re.sub(r"\b(role|owner|database) headwater\b", r"\1 plain", statement)
                )
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = 'plain'")
        await connection.close()
        url = server.database_url("plain").replace("headwater@", "plain@")
        more: dict[str, Any] = {**PRODUCT, "database_url": url}
        settings = replace(settings, **more)
        await migrate(url, secret=settings.secret)
        worker = Worker(settings)
        await worker.start()
        try:
            async with running(settings) as address, httpx.AsyncClient(base_url=address, timeout=120) as http:
                ada = await Product(settings, http, worker, []).newcomer()
                receipt = await ada.send("CreateTask", input={"title": "Water"})
                assert await ada.send("Task", id=receipt["task"]["id"], afterPosition=receipt["position"])
        finally:
            await worker.pause()
    finally:
        await server.stop()
