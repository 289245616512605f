"""The processes of a silo: known to it before its tenant is, so that they miss nothing."""

from app.processes.declared import EVERYWHERE, HOME
from domain.kit.tenants import Placement
from tests.kit.processes import until
from tests.placement.conftest import Platform

_HELD = "select (select count(*) from processes.holders) = count(*) from processes.lanes"


async def test_every_process_of_a_silo_hears_of_all_that_happens_there(platform: Platform) -> None:
    tenant = await platform.tenant("heard", Placement.SILO)
    silo, shared = await platform.database(tenant), await platform.database()

    async def followed() -> bool:
        return bool(await silo.fetchval(_HELD))

    await until(followed)
    rows = await silo.fetch("select process, since from processes.lanes")
    here = {row["process"] for row in rows}
    assert {row["process"] for row in rows if row["since"] > 0} == set()
    assert here == {process.name for process in EVERYWHERE}
    everywhere = {row["process"] for row in await shared.fetch("select process from processes.lanes")}
    assert here == everywhere - HOME
    await silo.close()
    await shared.close()
