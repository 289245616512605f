"""What outside systems send in the demo: in order of time, all once, and what was wrong among it is kept."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.composition.write_side import written
from app.demo import demo
from app.demo.demo import SMALL, ensure_demo
from app.demo.narration import send
from app.settings import Settings
from domain.gateway.events import OutsideEvent
from domain.gateway.letters import DeadLetter
from domain.gateway.sources import Source
from domain.gateway.webhook_commands import ReplayWebhook
from domain.gateway.webhooks import Webhook
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.commands import Command
from domain.kit.log import Selection
from domain.processes.webhooks.deliveries import WebhookDeliveries


class Died(Exception):
    """What ends a demo in the middle."""


async def test_sources_send_over_the_whole_time_and_a_webhook_waits_also_after_an_interruption(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(settings, demo_tasks=SMALL.tasks)

    async def dies(bus: Bus, command: Command, by: Caller, command_id: UUID) -> None:
        if isinstance(command, ReplayWebhook):
            raise Died
        await send(bus, command, by, command_id)

    with monkeypatch.context() as patch:
        patch.setattr(demo, "send", dies)
        with pytest.raises(Died):
            await ensure_demo(small)
    await ensure_demo(small)
    async with written(small) as side:
        events = await side.log.read(limit=20_000, select=Selection(tenant_id=SMALL.id))
        lanes = "select max(position) from processes.lanes where process = $1"
        known = await side.database.writer.fetchval(lanes, WebhookDeliveries.name)
    times = [event.timestamp for event in events]
    assert times == sorted(times)

    def of(kind: type) -> list[object]:
        return [event for event in events if event.type == kind.stored_as]  # type: ignore[attr-defined]

    assert len(of(Source.Registered)) == 3
    assert len(of(OutsideEvent.Accepted)) == 9 * SMALL.batches - 1
    assert len(of(DeadLetter.Kept)) == 1
    assert len(of(Webhook.Registered)) == len(of(Webhook.ReplayRequested)) == 1
    # What sends to it will hear of it.
    assert known < next(each.position for each in events if each.type == Webhook.Registered.stored_as)
