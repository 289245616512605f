"""``headwater tenant``."""

import asyncio

import pytest

from domain.kit.tenants import Placement
from tests.operations.command_line import CommandLine, Ran
from tests.placement.conftest import Platform


async def _run(platform: Platform, *words: str) -> Ran:
    """A command, which has an event loop of its own."""
    return await asyncio.to_thread(CommandLine(platform.settings), "tenant", *words)


async def test_makes_a_silo_and_lists_it(platform: Platform) -> None:
    ran = await _run(platform, "create", "Acme", "--slug", "cli-acme", "--silo", "--json")
    assert (ran.code, ran.json["status"]) == (0, "ready")
    listed = await _run(platform, "list", "--json")
    (row,) = [row for row in listed.json if row["slug"] == "cli-acme"]
    assert (row["id"], row["placement"], row["state"]) == (ran.json["id"], "silo", "ready")
    table = await _run(platform, "list")
    assert (table.code, row["database"] in table.out) == (0, True)


async def test_moves_a_tenant_by_its_slug(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.progress.EVERY", 0.01)
    await platform.tenant("cli-nomad", Placement.POOLED)
    moved = await _run(platform, "move", "cli-nomad", "--to", "silo")
    assert (moved.code, moved.out) == (0, "Tenant cli-nomad is in a database of its own.\n")
    assert "headwater: at step do " in moved.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["create", "Acme", "--slug", "Not A Slug"], 1),
        (["create", "Acme", "--slug", "far", "--region", "mars"], 1),
        (["create", "Acme", "--slug", "nowhere", "--owner", "ada at acme"], 1),
        (["create", "Acme", "--slug", "odd", "--database-url", "postgresql://db/x"], 2),
        (["move", "nobody", "--to", "silo"], 1),
        (["move", "nobody", "--to", "moon"], 2),
    ],
)
async def test_says_by_its_exit_code_what_was_refused(
    platform: Platform, words: list[str], code: int
) -> None:
    assert (await _run(platform, *words)).code == code


async def test_says_which_step_could_not_be_done(platform: Platform) -> None:
    url = platform.settings.database_url
    failed = await _run(platform, "create", "Acme", "--slug", "greedy", "--silo", "--database-url", url)
    assert (failed.code, "database failed" in failed.err) == (1, True)
