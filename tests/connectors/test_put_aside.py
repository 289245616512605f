"""What a full load puts aside among the files of the tenant."""

from datetime import timedelta

from tests.connectors.conftest import Puller, connected, seen
from tests.connectors.crm import Crm
from tests.kit.client import Client
from tests.outgoing.servers import destination


async def test_says_that_what_is_put_aside_cannot_be_reached_and_comes_in_once_it_can(
    puller: Puller, client: Client
) -> None:
    crm = Crm(1)
    place = puller.product.settings.data_dir / "files" / "headwater-files" / str(client.tenant)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("No folder.")
    async with destination(behave=crm) as server:
        id = await connected(client, server.url, "FULL", timePath=None, cron=None)
        row = await puller.pulled(client, id)
        for _ in range(4):
            puller.clock.ahead += timedelta(minutes=10)
            await puller.idle(client)
        row = await seen(client, id)
        assert (row["error"], row["active"], (row["accepted"], row["duplicates"])) == (
            "files_unavailable",
            True,
            (0, 0),
        )
        place.unlink()
        row = await puller.pulled(client, id)
    assert (row["error"], (row["accepted"], row["duplicates"])) == (None, (1, 0))
