"""The product while a server hangs, is dead, or can write no more: it answers, and says when to come again."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.embedded.opensearch import free_port
from app.embedded.osmem import Osmem
from app.embedded.postgres import Postgres
from app.embedded.valkey import Valkey
from app.settings import Settings
from app.telemetry.logs import JsonLines
from tests.auth.people import post, registered
from tests.kit import servers
from tests.kit.client import Client, subscribe
from tests.kit.documents import operations
from tests.kit.product import Product, produced
from tests.kit.stopping import hanging

pytestmark = pytest.mark.servers

AWAY = {"code": "UNAVAILABLE", "retryAfter": 2}


@dataclass
class Site:
    """A product on servers of its own, which a test may stop."""

    product: Product
    postgres: Postgres
    valkey: Valkey
    search: Osmem
    ada: Client

    async def works(self) -> None:
        """Wait until a command is carried out."""
        async with asyncio.timeout(120):
            variables = {"input": {"title": "works again"}}
            while (await self.ada.post(operations()["CreateTask"], variables)).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Real servers that nobody else uses."""
    folder = tmp_path_factory.mktemp("away")
    postgres = Postgres(folder / "pg", sockets=folder / "run", log=folder / "pg.log", durable=False)
    valkey = Valkey(folder / "valkey", sockets=folder / "run", log=folder / "valkey.log")
    search = Osmem(port=free_port(), log=folder / "search.log")
    for server in (postgres, valkey, search):
        server.start()
    try:
        for server in (postgres, valkey, search):
            await server.ready()
        await servers.make_template(postgres)
        async with servers.fresh_database(postgres) as url:
            settings = Settings(
                data_dir=folder / "data", database_url=url, redis_url=valkey.url, secret=servers.SECRET
            )
            async with produced(
                settings, opensearch_url=search.url, after_wait_ms=2000, append_wait_seconds=2
            ) as product:
                yield Site(product, postgres, valkey, search, await product.newcomer())
    finally:
        for server in (search, valkey, postgres):
            await server.stop()


async def _created(client: Client, title: str, **more: Any) -> Any:
    return await client.send("CreateTask", input={"title": title}, **more)


def _away(response: httpx.Response) -> None:
    """The whole request was refused, for now."""
    assert response.status_code == 503, response.text
    assert response.headers["retry-after"] == "2"
    (error,) = response.json()["errors"]
    assert error["extensions"] == AWAY


async def test_no_request_waits_for_a_redis_that_hangs(site: Site) -> None:
    ben = await registered(site.product)
    with hanging(site.valkey):
        # Each of these waited for ten seconds, for as long as it hung.
        async with asyncio.timeout(120):
            for _ in range(12):
                again = await ben.again()
                assert (await again.client.post("{ __typename }")).json()["data"] == {"__typename": "Query"}
                await _created(again.client, "by Postgres alone")
                assert (await again.client.post("{ tasks { totalCount } }")).status_code == 200
    await site.works()


async def test_a_session_that_ended_while_redis_hung_is_over_when_redis_is_back(site: Site) -> None:
    ben = await registered(site.product)
    assert (await ben.client.post("{ __typename }")).status_code == 200  # Now Redis holds the session.
    with hanging(site.valkey):
        for _ in range(4):  # Until nobody tells Redis anything any more.
            assert (await (await ben.again()).client.post("{ __typename }")).status_code == 200
        assert (await post(ben.http, "sign-out", {}, ben.given["accessToken"])).status_code == 200
    await _answers(site.valkey)
    assert (await ben.client.post("{ __typename }")).status_code == 401


async def test_no_search_and_no_command_waits_for_a_search_server_that_hangs(site: Site) -> None:
    document = "{ searchTasks(text: %s) { source } }"
    with hanging(site.search):
        async with asyncio.timeout(120):
            for number in range(12):
                found = (await site.ada.post(document % json.dumps(f"word{number}"))).json()
                assert found["data"] == {"searchTasks": {"source": "POSTGRES"}}
                await _created(site.ada, "unsearched")
    await site.works()


async def test_whoever_waits_for_a_postgres_that_hangs_is_told_so(site: Site) -> None:
    command, body = str(uuid4()), {"query": operations()["CreateTask"]}
    async with site.ada.socket() as socket:
        with hanging(site.postgres):
            created = site.ada.post(body["query"], {"input": {"title": "in flight"}, "commandId": command})
            await socket.send(
                json.dumps({"id": "q", "type": "subscribe", "payload": {"query": "{ me { name } }"}})
            )
            entering = post(site.product.http, "sign-in", {"email": "a@example.com", "password": "x" * 20})
            async with asyncio.timeout(120):
                answers = await asyncio.gather(created, site.ada.post("{ tasks { totalCount } }"), entering)
                outcome = json.loads(await socket.recv())
            for answer in answers[:2]:
                _away(answer)
            assert answers[2].status_code == 503
            assert answers[2].json()["error"]["code"] == "unavailable"
            assert outcome["type"] == "error"
            assert outcome["payload"][0]["extensions"] == AWAY
            assert (await site.product.http.get("/health/live")).status_code == 200
            assert (await site.product.http.get("/health/ready")).status_code == 503
            # Now that it is known, nobody waits any more.
            for _ in range(50):
                _away(await site.ada.post("{ tasks { totalCount } }"))
        await site.works()
        again = await _created(site.ada, "in flight", commandId=command)
        assert again["task"]["title"] == "in flight"
        assert (await _created(site.ada, "in flight", commandId=command))["repeated"]


async def test_what_is_away_is_never_an_internal_error(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Read, commands and subscriptions from the kill of Postgres until it is back."""
    assert site.postgres.process is not None
    errors = []
    async with site.ada.socket() as socket:
        site.postgres.process.kill()
        try:
            for number in range(30):
                requests = [site.ada.post("{ tasks { totalCount } me { name } }")]
                if number % 10 == 0:
                    variables = {"input": {"title": "lost?"}, "commandId": str(uuid4())}
                    requests.append(site.ada.post(operations()["CreateTask"], variables))
                for answer in await asyncio.gather(*requests):
                    errors += answer.json()["errors"]
            await socket.send(subscribe("1", "TaskChanged", {"resumeFrom": "1"}))
            (reported,) = json.loads(await socket.recv())["payload"]["errors"]
            errors.append(reported)
        finally:
            site.postgres.start()
            await site.postgres.ready()
    assert {error["extensions"]["code"] for error in errors} == {"UNAVAILABLE"}
    assert not [line for record in caplog.records if "Traceback" in (line := JsonLines().format(record))]
    await site.works()


@pytest.mark.parametrize("state", ["53100", "53300", "57P03", "25006", "08006"])
async def test_a_database_that_can_write_no_more_is_away(site: Site, state: str) -> None:
    await site.works()
    owner = await asyncpg.connect(site.product.settings.database_url)
    try:
        await owner.execute(
            f"""create function public.full_disk() returns trigger language plpgsql as
                $$ begin raise exception 'No space left on device' using errcode = '{state}'; end $$;
                create trigger full_disk before insert on es.commands
                   for each statement execute function public.full_disk()"""
        )
        response = await site.ada.post(operations()["CreateTask"], {"input": {"title": "no room"}})
    finally:
        await owner.execute("drop function public.full_disk() cascade")
        await owner.close()
    _away(response)
    assert (await site.ada.post("{ tasks { totalCount } }")).status_code == 200


async def _answers(valkey: Valkey) -> None:
    await valkey.ready()
