"""A masked dump shows the same cases as the original, and nobody's data."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.catalogue.dump import dump
from app.catalogue.inventory import held, product_events
from app.catalogue.masked_dump import EventMask, Pseudonyms, RowMask
from app.composition.write_side import inline_views
from app.contexts import VIEWS
from app.keys import opened_ring
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.kit.codec import PlainCodec
from domain.kit.events import Event
from domain.kit.log import Append, AppendReceipt, NewEvent
from domain.kit.privacy.inventory import field_facts
from domain.work.tasks import Task
from projections.work.tasks import Tasks
from tests.kit.product import Product
from tests.operations.command_line import CommandLine

MINE, OTHER = uuid4(), uuid4()
SECRET = "Zanzibar"
SEALED = f"hw1.{'a' * 32}.1.{'0f' * 8}.bm9uY2U_Y2lwaGVy"
SEALED_AGAIN = f"hw1.{'a' * 32}.1.{'0f' * 8}.b3RoZXI_Y2lwaGVy"


async def tell(log: PostgresLog, tenant: UUID, type: str, topic: str, payload: bytes) -> None:
    """Append the first event of a new stream."""
    event = NewEvent(
        event_id=uuid4(),
        topic=topic,
        originator_id=uuid4(),
        originator_version=1,
        type=type,
        version=1,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        payload=payload,
    )
    outcome = await log.append(
        Append(
            tenant_id=tenant,
            command_id=uuid4(),
            digest=b"d" * 32,
            events=(event,),
            correlation_id="test",
            session_id=SECRET,
            source="test",
            environment="test",
            region="test",
            metadata=json.dumps({"agent": SECRET}).encode(),
        )
    )
    assert isinstance(outcome, AppendReceipt), outcome


async def tell_task(log: PostgresLog, tenant: UUID, description: str, title: str = "Dig") -> None:
    """A task with this description."""
    event: Event = Task.Created(title=title, description=description, created_by=uuid4())
    payload = PlainCodec().encode(event, tenant_id=tenant)
    await tell(log, tenant, "work.task.created", "work.task", payload)


async def tell_person(log: PostgresLog, tenant: UUID, email: str) -> None:
    """A person whose address is stored as this text."""
    payload = json.dumps({"email": email, "first_name": SECRET, "last_name": "", "old": SECRET}).encode()
    await tell(log, tenant, "identity.user.registered", "identity.user", payload)


@pytest.fixture(scope="module")
async def filled(settings: Settings) -> Settings:
    """Two tenants, with things that are confidential."""
    database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
    log = PostgresLog(database, inline=await inline_views(database))
    await tell_task(log, MINE, f"{SECRET} is secret", f"mail eve@{SECRET}.com")
    await tell_task(log, MINE, f"{SECRET} is secret")
    await tell_task(log, MINE, "")
    await tell_task(log, OTHER, f"{SECRET} is secret")
    await tell_person(log, MINE, SEALED)
    await tell_person(log, MINE, SEALED_AGAIN)
    await log.close()
    await database.close()
    return settings


def lines(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of the dump."""
    return [json.loads(line) for line in file.read_text().splitlines()]


async def test_nothing_confidential_is_in_any_file(filled: Settings, tmp_path: Path) -> None:
    counts = await dump(filled, tmp_path / "out")
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert {str(file.relative_to(tmp_path / "out")) for file in files} == {*counts, "counts.json"}
    assert counts["events.jsonl"] == 6
    assert counts["views/tasks.tasks.jsonl"] == 4
    for file in files:
        assert SECRET not in file.read_text(), file.name
        assert "hw1." not in file.read_text(), file.name
        assert file.stat().st_mode & 0o077 == 0


async def test_the_same_value_has_the_same_pseudonym_in_one_dump_and_another_in_the_next(
    filled: Settings, tmp_path: Path
) -> None:
    seen: list[set[str]] = []
    for name in ("one", "two"):
        await dump(filled, tmp_path / name)
        events = lines(tmp_path / name / "events.jsonl")
        texts = [event["payload"]["description"] for event in events if event["type"] == "work.task.created"]
        assert texts[0] == texts[1] == texts[3] != ""
        assert texts[2] == ""
        rows = lines(tmp_path / name / "views" / "tasks.tasks.jsonl")
        assert {row["description"] for row in rows} == set(texts)
        mails = [event["payload"]["email"] for event in events if event["type"] == "identity.user.registered"]
        assert mails[0] == mails[1]
        assert mails[0].endswith("@example.invalid")
        seen.append({*texts, *mails} - {""})
    assert seen[0].isdisjoint(seen[1])


async def test_what_nobody_wrote_and_is_neither_personal_nor_confidential_is_kept(
    filled: Settings, tmp_path: Path
) -> None:
    await dump(filled, tmp_path / "out", parts=frozenset({"views"}))
    assert not (tmp_path / "out" / "events.jsonl").exists()
    rows = lines(tmp_path / "out" / "views" / "tasks.tasks.jsonl")
    assert {(row["status"], row["priority"]) for row in rows} == {("todo", "medium")}
    titles = [row["title"] for row in rows]
    assert sorted(titles.count(title) for title in titles) == [1, 3, 3, 3]
    assert all(title.startswith("title-") for title in titles)


async def test_only_the_tenants_that_are_named_are_copied(filled: Settings, tmp_path: Path) -> None:
    await dump(filled, tmp_path / "out", tenants=[OTHER])
    for file in (tmp_path / "out").rglob("*.jsonl"):
        assert {row["tenant_id"] for row in lines(file)} <= {str(OTHER)}, file.name
    assert len(lines(tmp_path / "out" / "events.jsonl")) == 1


async def test_sealed_texts_are_opened_for_pseudonyms_where_they_can_be(
    filled: Settings, tmp_path: Path
) -> None:
    class Opener:
        """Opens the two to different texts, as another key would."""

        async def open(self, tenant_id: UUID, texts: Sequence[str]) -> list[str]:
            return ["" if text == SEALED else f"{text[-9:]}@{SECRET}.com" for text in texts]

    await dump(filled, tmp_path / "out", opening=Opener())
    events = lines(tmp_path / "out" / "events.jsonl")
    mails = [event["payload"]["email"] for event in events if event["type"] == "identity.user.registered"]
    assert mails[0] == ""
    assert mails[1].endswith("@example.invalid")
    assert SECRET not in (tmp_path / "out" / "events.jsonl").read_text()


def test_an_event_that_no_code_knows_is_masked_whole() -> None:
    masked = EventMask(Pseudonyms()).payload(
        "gone.thing.happened", b'{"a": "x", "b": {"quagga": [1, 1.5, "y"]}, "d": null}'
    )
    assert masked["a"].startswith("a-")
    ((member, values),) = masked["b"].items()
    assert member.startswith("member-")
    assert [type(value) for value in values] == [int, float, str]
    assert values[:2] == [0, 0]
    assert values[2].startswith("b-")
    assert masked["d"] is None


def test_a_column_that_no_code_knows_is_masked() -> None:
    masked = RowMask(Tasks, Pseudonyms()).row({"status": "todo", "position": 3, "mystery": "x"})
    assert (masked["status"], masked["position"]) == ("todo", 3)
    assert masked["mystery"].startswith("mystery-")


async def test_what_people_call_their_work_is_in_no_file(product: Product, tmp_path: Path) -> None:
    ada = await product.newcomer("Ada")
    project = {"name": "Quagga merger", "visibility": "PRIVATE"}
    made = await ada.send("CreateProject", input=project)
    task = {"title": "Call Quagga", "tags": ["quagga"], "projectId": made["project"]["id"]}
    receipt = await ada.send("CreateTask", input=task)
    for wait in ("Projects", "Tasks"):
        await ada.send(wait, afterPosition=receipt["position"])
    database = await Database.open(product.settings.database_url, secret=product.settings.secret)
    async with opened_ring(product.settings, database) as ring:
        await dump(product.settings, tmp_path / "out", tenants=[ada.tenant], opening=ring)
    await database.close()
    for file in (tmp_path / "out").rglob("*.jsonl"):
        assert "quagga" not in file.read_text().lower(), file.name
    (row,) = lines(tmp_path / "out" / "views" / "tasks.projects.jsonl")
    assert row["name"].startswith("name-")


READABLE = {
    *("views", "view", "process", "types", "step", "steps", "part", "stores", "hashes", "keys", "sha256"),
    *("permissions", "tier", "region", "timezone", "error", "method"),
    *("registration_source", "previous", "sk", "entity_type", "status", "data", "metadata", "action"),
    *("subscription_tier", "certificate", "user_id", "profile_visibility", "language"),
    # What stands in place of the address of somebody who was forgotten.
    "email",
    "currency",
    # Closed lists.
    *("provider", "kind", "policy", "separator", "zone", "mode", "pagination"),
    # The names of what lets events in at a tool.
    "credentials",
    # What is said of events from outside.
    *("rule", "code", "added", "stages", "schema_version"),
    *("user_spelling", "reason"),
    # The names of members.
    "key",
}
"""Texts that the product chose, or that say nothing of a company and its work; JSON is masked by its members."""


def test_every_text_is_masked_unless_the_product_chose_it() -> None:
    of_events = [(name, fact) for name, event in product_events().items() for fact in field_facts(event)]
    of_views = [(view.name, field) for view in VIEWS if view.store == "postgres" for field in held(view)]
    texts = re.compile("str|dict")
    assert not [
        (name, fact.name)
        for name, fact in of_events
        if texts.search(fact.type) and not fact.masked and fact.name not in READABLE
    ]
    assert not [
        (name, field.own.name)
        for name, field in of_views
        if texts.search(field.own.type) and not field.masked and field.own.name not in READABLE
    ]


async def test_a_name_has_one_pseudonym_in_the_log_and_in_the_views(product: Product, tmp_path: Path) -> None:
    ada = await product.newcomer("Zanzibara")
    database = await Database.open(product.settings.database_url, secret=product.settings.secret)
    async with opened_ring(product.settings, database) as ring:
        await dump(product.settings, tmp_path / "out", tenants=[ada.tenant], opening=ring)
    await database.close()
    events = lines(tmp_path / "out" / "events.jsonl")
    (registered,) = (event["payload"] for event in events if event["type"] == "identity.user.registered")
    (row,) = lines(tmp_path / "out" / "views" / "users.people.jsonl")
    assert row["first_name"] == registered["first_name"]
    assert registered["first_name"].startswith("first_name-")
    assert row["email"] == registered["email"]
    for file in (tmp_path / "out").rglob("*.jsonl"):
        assert "zanzibara" not in file.read_text().lower(), file.name
        assert "hw1." not in file.read_text(), file.name


def test_the_command_says_now_and_then_how_far_it_is(
    filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.progress.EVERY", 0.0001)
    ran = CommandLine(filled)("mask-dump", "--out", str(tmp_path / "out"), "--json")
    lines = ran.err.splitlines()
    assert lines[0] == "headwater: 0 files written, 0 rows in all, after 0 s."
    assert any(line.startswith("headwater: 1 file written, ") for line in lines)


def test_the_command_fills_a_folder_once(filled: Settings, tmp_path: Path) -> None:
    run = CommandLine(filled)
    ran = run(
        "mask-dump", "--out", str(tmp_path / "out"), "--tenant", str(MINE), "--part", "events", "--json"
    )
    assert (ran.code, ran.json) == (0, {"events.jsonl": 5})
    again = run("mask-dump", "--out", str(tmp_path / "out"))
    assert (again.code, "is there already" in again.err) == (1, True)
