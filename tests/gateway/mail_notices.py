"""What the log keeps of what providers of mail tell."""

from uuid import UUID

import asyncpg

from domain.gateway.callbacks.mail_notices import MailNotice
from domain.gateway.events import OutsideEvent, stream_of
from tests.kit.client import Client
from tests.kit.product import Product
from tests.payments.conftest import Recorder


async def told(recorder: Recorder, client: Client, source: str, event_id: UUID) -> MailNotice:
    """What the log keeps beside an event."""
    stream = stream_of(UUID(source), event_id)
    (envelopes,) = (await recorder.writes.bus.log.streams(client.tenant, [stream])).values()
    event = recorder.writes.codec.decode(envelopes[1])
    assert isinstance(event, OutsideEvent.MailTold)
    return event.mail


async def nowhere(product: Product, word: str) -> None:
    """No event in the log holds a word in plain."""
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        found = await connection.fetchval(
            "select count(*) from es.events where strpos(payload::text, $1) > 0", word
        )
    finally:
        await connection.close()
    assert found == 0
