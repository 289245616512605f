"""What a tenant that was moved away leaves in the shared database troubles nobody who looks after that."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from app.catalogue.dump import dump
from app.composition.write_side import written
from app.demo import demo
from app.demo.demo import SMALL
from app.demo.narration import tell
from app.keys import opened_ring
from app.keys.rotation import Rotation
from app.keys.verification import SealedPlaces
from app.log.verify import verify
from app.storage.database import Database
from app.views.inspection import inspecting
from app.views.operations import operating
from app.views.replay import replayed
from domain.kit.log import Selection
from domain.kit.tenants import Placement
from projections.kit.repair.replay import Chosen
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.servers import SECRET
from tests.placement.conftest import Platform
from tests.work.api import created

SILO, POOLED = Placement.SILO, Placement.POOLED


async def _moved(platform: Platform, slug: str) -> Client:
    """Somebody of a tenant that has just been moved into a database of its own."""
    client = await platform.newcomer(await platform.tenant(slug, POOLED))
    await created(client, "before the move")
    assert (await platform.moves(client.tenant, SILO)).status == "ready"
    await platform.knows(client)
    return client


async def _built(platform: Platform, kind: str, *views: str) -> tuple[str, int, int]:
    """Views, else all, rebuilt and compared: how that ended, how many differ, and how many streams are parked."""
    shared = await platform.database()
    async with operating(platform.settings) as (_, operations):
        names = views or await operations.rebuilds.kept()
        id = await operations.rebuilds.ask(names, by="tests", kind=kind)

    async def over() -> bool:
        going = "select state in ('building', 'verifying') from ops.rebuilds where id = $1"
        return not await shared.fetchval(going, id)

    await until(over, seconds=180)
    ended = await shared.fetchval("select state from ops.rebuilds where id = $1", id)
    differing = await shared.fetchval(
        """select count(*) from ops.rebuild_views
            where rebuild = $1 and (report->>'differing')::int > 0""",
        id,
    )
    parked = await shared.fetchval("select count(*) from ops.parked")
    await shared.close()
    return ended, differing, parked


async def test_the_shared_log_stays_whole(platform: Platform) -> None:
    await _moved(platform, "whole")
    database = await Database.open(platform.settings.database_url, secret=SECRET, writers=2, readers=1)
    async with opened_ring(platform.settings, database) as ring:
        verdict = await verify(database, checks=[SealedPlaces(ring)])
        keys = await Rotation(database, ring.master).standing()
    await database.close()
    assert verdict.findings == ()
    # Who was moved away is not taken for forgotten.
    assert keys.erased == 0


async def test_the_shared_views_agree_with_the_log_and_are_rebuilt(platform: Platform) -> None:
    client = await _moved(platform, "agreeing")
    assert await _built(platform, "reconcile") == ("reported", 0, 0)
    assert await _built(platform, "rebuild") == ("switched", 0, 0)
    # Nobody of it is known by name any more where its keys are gone, and everybody is when it is back.
    shared = await platform.database()
    names = "select first_name from users.people where tenant_id = $1"
    assert [row[0] for row in await shared.fetch(names, client.tenant)] == [""]
    assert (await platform.moves(client.tenant, POOLED)).status == "ready"
    await platform.knows(client)
    assert (await client.send("User", id=client.me))["name"] == "Ada"
    assert [row[0] for row in await shared.fetch(names, client.tenant)] == ["Ada"]
    await shared.close()


async def test_replaying_leaves_the_rows_alone_that_stayed_behind(platform: Platform) -> None:
    client = await _moved(platform, "replayed")
    own = Chosen(select=Selection(tenant_id=client.tenant))
    async with inspecting(platform.settings) as place:
        count = "select count(*) from tasks.tasks where tenant_id = $1"
        stayed = await place.database.writer.fetchval(count, client.tenant)
        assert stayed
        diffs, left = await replayed(place, Chosen(), None, dry_run=False)
        assert ({diff.view.name for diff in diffs if diff.differences}, left) == (set(), [])
        assert await place.database.writer.fetchval(count, client.tenant) == stayed
        with pytest.raises(LookupError, match="moved from here"):
            await replayed(place, own, None, dry_run=True)


async def test_a_move_back_waits_for_no_operator(platform: Platform) -> None:
    client = await _moved(platform, "unattended")
    assert await _built(platform, "rebuild", "users.people") == ("switched", 0, 0)
    async with operating(platform.settings) as (_, operations):
        id = await operations.rebuilds.ask(["users.people"], by="tests")
        await operations.rebuilds.pause(id)
        given_up = await platform.moves(client.tenant, POOLED)
        assert given_up.step == "follow"
        assert str(id) in (given_up.reason or "")
        await operations.rebuilds.cancel(id)
    assert (await platform.moves(client.tenant, POOLED)).status == "ready"
    await platform.knows(client)
    assert (await client.send("User", id=client.me))["name"] == "Ada"


async def test_a_dump_holds_nothing_of_it(platform: Platform, tmp_path: Path) -> None:
    client = await _moved(platform, "undumped")
    await dump(platform.settings, tmp_path / "dump")
    for file in (tmp_path / "dump").rglob("*.jsonl"):
        tenants = {orjson.loads(line)["tenant_id"] for line in file.read_bytes().splitlines()}
        assert str(client.tenant) not in tenants, file.name


async def test_the_demo_finds_its_companies_where_they_are(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = replace(SMALL, people=4, projects=1, tasks=3)
    monkeypatch.setattr(demo, "COMPANIES", (company,))
    monkeypatch.setattr(demo, "BRIGHT", company)
    async with written(platform.settings) as side:
        await tell(side.log, side.codec, company)
    await demo.ensure_demo(platform.settings)
    assert (await platform.moves(company.id, SILO)).status == "ready"
    # As each start of the product does.
    await demo.ensure_demo(platform.settings)
    await demo.ensure_demo(platform.settings)
    assert (await platform.moves(company.id, POOLED)).status == "ready"
    await demo.ensure_demo(platform.settings)
