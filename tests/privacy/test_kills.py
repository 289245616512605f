"""Workers killed at each step of an erasure and of an export: others carry it through, nothing is half done."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.privacy.export.sections import PARTS
from app.settings import Settings
from domain.governance.erasures import erasure_id
from domain.kit.caller import ACCOUNTS
from domain.processes.erasure import PersonErasure
from projections.governance.erasures import Erasures
from projections.governance.exports import ExportState
from tests.kit.process_worker import Child, child_of
from tests.privacy.estate import Estate, accepted
from tests.privacy.people import a_member, an_account, an_owner, some_work, traces_outside


@pytest.fixture(scope="module")
async def child(estate: Estate, estate_settings: Settings) -> AsyncIterator[Child]:
    async with child_of("tests.privacy.child", environ=estate_settings.environ()) as child:
        # The processes begin at the end of the log as it is when they are first run.
        assert await child.run() == "exit 0"
        yield child


async def test_an_erasure_survives_a_kill_at_each_of_its_steps(estate: Estate, child: Child) -> None:
    owner = await an_owner(estate, uuid4())
    person = await a_member(estate, owner, *await an_account(estate))
    await traces_outside(estate, person)
    accepted(await estate.desk.erase(estate.request(person.caller), person.id, reason=""))
    killed_at = [f"performed do {step}" for step in PersonErasure.steps]
    # In the middle of what a step does, too.
    access = killed_at.index("performed do access")
    killed_at[access:access] = ["sent EndSession", "sent EraseAccount"]
    killed_at.insert(killed_at.index("performed do key"), "destroyed")
    for point in killed_at:
        assert await child.run(f"1 {point}") == "exit -9", point
    assert await child.run() == "exit 0"
    await estate.house.followed()
    key = (erasure_id(person.id),)
    row = (await estate.rows.get(Erasures, owner.tenant_id, [key]))[key]
    assert row.certified_at is not None
    assert row.steps == tuple(PersonErasure.steps)
    assert len(row.certificate["keys"]) == 2
    for tenant in (owner.tenant_id, ACCOUNTS):
        looked = await estate.search.unreadable(await estate.search.wanted(tenant, person.id))
        assert sum(len(looked_at.sealed) for looked_at in looked) > 0


@pytest.mark.parametrize(
    ("point", "number"),
    [
        ("sent NoteExportPart", 4),
        ("performed write", 1),
        ("sent FinishExport", 1),
    ],
)
async def test_an_export_survives_a_kill(estate: Estate, child: Child, point: str, number: int) -> None:
    owner = await an_owner(estate, uuid4())
    person = await a_member(estate, owner, *await an_account(estate))
    await some_work(estate, owner, person)
    subject = estate.request(person.caller)
    accepted(await estate.desk.export(subject, person.id))
    assert await child.run(f"{number} {point}") == "exit -9"
    found = await estate.files.read(owner.tenant_id, subject.command_id)
    # What is there is whole; a file that was begun is not there under its name.
    assert (found is None) == (not point.startswith(("performed", "sent Finish")))
    if found is not None:
        assert json.loads(b"".join(found))["format"] == "JSON"
    assert await child.run() == "exit 0"
    await estate.house.followed()
    row = await estate.desk.export_row(owner.tenant_id, subject.command_id)
    assert row is not None
    assert (row.state, row.done) == (ExportState.FINISHED, len(PARTS))
    found = await estate.files.read(owner.tenant_id, subject.command_id)
    assert found is not None
    text = b"".join(found)
    assert len(text) == row.size
    assert json.loads(text)["personal_data"]["user"]["email"] == person.email
    folder = estate.settings.data_dir / "exports" / str(owner.tenant_id)
    assert [path.name for path in folder.iterdir()] == [f"{subject.command_id}.json"]
