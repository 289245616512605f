"""A masked dump, loaded as a log: every view can be made of it, and nothing that people wrote is in it."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import orjson

from app.catalogue.dump import dump
from app.contexts import VIEWS
from app.demo.demo import BRIGHT
from app.demo.narration import tell as tell_demo
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.governance.consents import GiveConsent, WithdrawConsent, consent_id
from domain.kit.bus.bus import Bus
from domain.kit.caller import Caller
from domain.kit.clock import SystemClock, TimeOrderedIds
from domain.kit.codec import PlainCodec
from domain.kit.commands import Command
from domain.kit.log import Append, AppendReceipt, NewEvent
from domain.kit.permissions import ROLES
from domain.tenancy.flags import AddFeatureFlag
from domain.tenancy.subscription_commands import IssueInvoice
from domain.tenancy.tenant_commands import ChangeTenantSettings
from tests.rebuild.everything import tell as tell_the_rest
from tests.rebuild.site import Site, rows

WORD = "quagga"
NOW = datetime.now(UTC)


async def test_every_view_is_made_of_a_masked_copy(settings: Settings, site: Site, tmp_path: Path) -> None:
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    log = PostgresLog(database)
    await tell_demo(log, PlainCodec(), BRIGHT, size=400)
    await tell_the_rest(log, BRIGHT)
    bus = Bus(log, PlainCodec(), SystemClock(), TimeOrderedIds())
    by = Caller(tenant_id=BRIGHT.id, user_id=BRIGHT.person(0), permissions=ROLES["owner"] | ROLES["operator"])
    for command in written(BRIGHT.id, BRIGHT.person(1)):
        assert isinstance(outcome := await bus.send(command, by=by), AppendReceipt), outcome
    await log.close()
    await database.close()
    await dump(settings, tmp_path / "out", parts=frozenset({"events"}))
    copy = (tmp_path / "out" / "events.jsonl").read_bytes()
    assert WORD not in copy.decode().lower()
    await load(site, copy)
    for view in VIEWS:
        assert await rows((await site.build(view())).store), view.name


def written(tenant: UUID, person: UUID) -> list[Command]:
    """Commands with a word of people's own in every place where they may put one."""
    subscription, purpose = uuid5(tenant, "subscription"), f"{WORD}.news"
    consent = consent_id(person, purpose)
    spoken = {
        WORD: {f"{WORD}-{kind}": value for kind, value in (("text", WORD), ("number", 1.5), ("on", True))}
    }
    return [
        AddFeatureFlag(id=uuid4(), feature_name=f"{WORD}.beta", config=spoken),
        ChangeTenantSettings(id=tenant, settings=spoken),
        GiveConsent(
            id=consent,
            subject_id=person,
            purpose=purpose,
            source=f"the {WORD} form",
            text_version=f"{WORD} 2",
        ),
        WithdrawConsent(id=consent, source=f"a {WORD} letter"),
        IssueInvoice(
            id=subscription, number=f"{WORD}-17", amount=Decimal("12.50"), currency="EUR", due_at=NOW
        ),
    ]


async def load(site: Site, copy: bytes) -> None:
    """Append the events of a dump to the site's log, each command's together."""
    lines = map(orjson.loads, copy.splitlines())
    for _, group in groupby(lines, lambda line: (line["tenant_id"], line["command_id"])):
        events = list(group)
        first = events[0]
        outcome = await site.place.log.append(
            Append(
                tenant_id=UUID(first["tenant_id"]),
                command_id=uuid4(),
                digest=b"d" * 32,
                events=tuple(
                    NewEvent(
                        event_id=UUID(event["event_id"]),
                        topic=event["topic"],
                        originator_id=UUID(event["originator_id"]),
                        originator_version=event["originator_version"],
                        type=event["type"],
                        version=event["version"],
                        timestamp=datetime.fromisoformat(event["timestamp"]),
                        payload=orjson.dumps(event["payload"]),
                    )
                    for event in events
                ),
                **{name: first[name] for name in ("correlation_id", "causation_id", "source")},
                environment="test",
                region="test",
                user_id=UUID(first["user_id"]) if first["user_id"] else None,
                metadata=orjson.dumps(first["metadata"]),
            )
        )
        assert isinstance(outcome, AppendReceipt), outcome
