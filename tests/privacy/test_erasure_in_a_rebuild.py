"""A person is erased while a rebuilder is in the middle of them: killed or not, no generation keeps a trace."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.settings import Settings
from domain.governance.erasures import erasure_id
from projections.governance.erasures import ErasureRow, Erasures
from projections.identity.people import People
from projections.identity.profiles import ProfileCards, UserProfiles
from projections.identity.users import Users
from projections.kit.rebuild.model import RebuildState
from projections.work.tasks import TaskSearch
from tests.kit.processes import until
from tests.privacy.estate import Estate, accepted, opened_estate
from tests.privacy.people import FIRST, Person, a_member, an_account, an_owner, some_work
from tests.privacy.reading import readable

ABOUT_PEOPLE = [view.name for view in (People, UserProfiles, ProfileCards, Users, TaskSearch)]


@pytest.fixture(scope="module")
async def estate(estate_settings: Settings) -> AsyncIterator[Estate]:
    """An estate without a rebuilder."""
    async with opened_estate(estate_settings, rebuilding=False) as estate:
        yield estate


@asynccontextmanager
async def _rebuilder(settings: Settings, moment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.privacy.rebuilder_child", moment, FIRST),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **settings.environ()},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _erasure(estate: Estate, person: Person) -> ErasureRow | None:
    key = (erasure_id(person.id),)
    return (await estate.rows.get(Erasures, person.caller.tenant_id, [key])).get(key)


async def _newest(estate: Estate) -> int:
    newest: int = await estate.database.writer.fetchval(
        "select max(generation) from ops.lanes where view = $1", People.name
    )
    return newest


@pytest.mark.parametrize("moment", ["opened", "saved"])
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGCONT])
async def test_no_generation_keeps_a_trace_of_who_was_erased_while_it_was_built(
    estate: Estate, moment: str, ending: signal.Signals
) -> None:
    tenant = uuid4()
    owner = await an_owner(estate, tenant)
    person = await a_member(estate, owner, *await an_account(estate))
    # More than a build leaves to those who follow.
    await some_work(estate, owner, person)
    await estate.house.followed()
    rebuild = await estate.house.rebuilds.ask(ABOUT_PEOPLE, by="test")
    async with asyncio.timeout(240), estate.acting():
        async with _rebuilder(estate.settings, moment) as first:
            assert first.stdout is not None
            assert await first.stdout.readline() == b"stopped\n"
            held = await readable(estate, tenant, FIRST)
            new = f'users_g{await _newest(estate)}."people" in plain'
            assert (new in held) == (moment == "saved"), held
            accepted(await estate.desk.erase(estate.request(person.caller), person.id, reason=""))

            async def forgotten() -> bool:
                row = await _erasure(estate, person)
                return row is not None and "consents" in row.steps

            await until(forgotten)
            os.kill(first.pid, ending)
            if ending is signal.SIGKILL:
                assert await first.wait() == -ending
                async with _rebuilder(estate.settings, "") as second:
                    assert await second.wait() == 0
            assert (await estate.house.ended(rebuild)).state is RebuildState.SWITCHED
        await estate.settled()
    row = await _erasure(estate, person)
    assert row is not None
    assert row.certified_at is not None, row
    assert await readable(estate, tenant, *person.telling, FIRST) == []
