"""``headwater privacy``: what operators do for people, with workers at work and without."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.composition.write_side import written
from app.settings import Settings
from domain.identity.registration import RegisterUser
from domain.kit.log import AppendReceipt
from projections.kit.read.postgres_reader import PostgresRows
from tests.operations.command_line import CommandLine
from tests.privacy.estate import somebody


@pytest.fixture
def headwater(settings: Settings) -> CommandLine:
    return CommandLine(settings)


@pytest.fixture
async def known(settings: Settings) -> tuple[UUID, UUID]:
    """A tenant, and a person whom it knows."""
    return await registered(settings, uuid4())


async def registered(settings: Settings, tenant: UUID) -> tuple[UUID, UUID]:
    """Another person whom a tenant knows."""
    owner = somebody(tenant)
    async with written(settings) as writes:
        command = RegisterUser(id=owner.user_id, email=f"k{owner.user_id.hex}@example.com", first_name="Kim")
        assert isinstance(await writes.bus.send(command, by=owner), AppendReceipt)
    return owner.tenant_id, owner.user_id


def test_nobody_is_forgotten_whom_the_tenant_never_knew(headwater: CommandLine) -> None:
    ran = headwater("privacy", "erase", str(uuid4()), str(uuid4()), "--yes", "--wait", "0", "--json")
    assert (ran.code, ran.json["refused"]["code"]) == (1, "not_found")


def test_an_erasure_that_nobody_works_on_is_asked_for(
    headwater: CommandLine, known: tuple[UUID, UUID]
) -> None:
    tenant, person = known
    ran = headwater("privacy", "erase", str(tenant), str(person), "--yes", "--wait", "0")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("The erasure is requested")
    again = headwater("privacy", "erase", str(tenant), str(person), "--yes", "--wait", "0", "--json")
    assert (again.code, again.json["refused"]["code"]) == (1, "erasure_under_way")


def test_an_erasure_that_was_asked_for_here_is_by_the_platform(
    headwater: CommandLine, known: tuple[UUID, UUID]
) -> None:
    tenant, person = map(str, known)
    assert headwater("privacy", "erase", tenant, person, "--yes", "--wait", "0").code == 0
    (_, line) = headwater("privacy", "certificates", tenant).out.splitlines()
    assert line.startswith(person)
    assert "  the platform  " in line
    assert str(UUID(int=0)) not in line


def test_asks_before_it_forgets_somebody(headwater: CommandLine) -> None:
    ran = headwater("privacy", "erase", str(uuid4()), str(uuid4()))
    assert ran.code == 1
    assert "cannot be undone" in ran.err


def test_an_export_says_its_id(headwater: CommandLine, known: tuple[UUID, UUID], tmp_path: Path) -> None:
    ran = headwater(
        *("privacy", "export", *map(str, known), "--wait", "0", "--json"),
        *("--out", str(tmp_path / "out.json")),
    )
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert str(UUID(said["export"])) == said["export"]
    assert said["state"] == "running"
    assert not (tmp_path / "out.json").exists()


@pytest.fixture
async def known_too(settings: Settings, known: tuple[UUID, UUID]) -> UUID:
    """Another person of that tenant."""
    return (await registered(settings, known[0]))[1]


def test_all_erasures_are_shown_the_newest_first(
    headwater: CommandLine, known: tuple[UUID, UUID], known_too: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, *people = map(str, (*known, known_too))
    for person in people:
        assert headwater("privacy", "erase", tenant, person, "--yes", "--wait", "0").code == 0
    page = PostgresRows.page

    async def short(*given: Any, limit: int, **more: Any) -> Any:
        return await page(*given, limit=min(limit, 1), **more)

    monkeypatch.setattr(PostgresRows, "page", short)
    shown = headwater("privacy", "certificates", tenant, "--json").json
    assert [row["subject_id"] for row in shown] == [*reversed(people)]


def test_a_tenant_where_nobody_was_forgotten_has_no_certificates(
    headwater: CommandLine, known: tuple[UUID, UUID]
) -> None:
    assert headwater("privacy", "certificates", str(known[0]), "--json").json == []
    said = headwater("privacy", "certificates", str(known[0]))
    assert (said.code, said.out) == (0, "There are no erasures in this tenant.\n")
