"""The commands for operators find a tenant's database by themselves, wherever it is, by slug and by id alike."""

import asyncio

import pytest

from domain.kit.tenants import Placement
from tests.kit.processes import until
from tests.operations.command_line import CommandLine, Ran
from tests.placement.conftest import Platform

SHARED, OWN = "cmd-shared", "cmd-own"


class Typing:
    """Types commands, each in a thread, for it has an event loop of its own."""

    def __init__(self, platform: Platform, ids: dict[str, str]) -> None:
        self._headwater, self.ids = CommandLine(platform.settings), ids

    async def __call__(self, *words: str) -> Ran:
        return await asyncio.to_thread(self._headwater, *words)


@pytest.fixture(scope="module")
async def headwater(platform: Platform) -> Typing:
    """The command line, beside a tenant of each kind in which there is a task."""
    ids = {
        SHARED: str(await platform.tenant(SHARED, Placement.POOLED)),
        OWN: str(await platform.tenant(OWN, Placement.SILO)),
    }
    headwater = Typing(platform, ids)

    async def followed() -> bool:
        # Search has no server here, so not all is well.
        return bool((await headwater("status", "--tenant", OWN, "--json")).json["workers"])

    await until(followed)
    return headwater


@pytest.mark.parametrize(
    "words",
    [
        ("views",),
        ("log", "verify"),
        ("reconcile", "tenancy.tenants"),
        ("rebuilds",),
        ("parked", "list"),
        ("effects", "list"),
        ("keys", "status"),
        ("audit", "show"),
        ("audit", "retain", "--dry-run"),
        ("views", "show", "tenancy.tenants"),
        ("replay", "--dry-run", "--view", "tenancy.tenants"),
        ("backfill", "tags"),
    ],
)
async def test_a_silo_is_found_by_its_tenants_slug_and_id(headwater: Typing, words: tuple[str, ...]) -> None:
    for name in (OWN, headwater.ids[OWN], headwater.ids[OWN].upper()):
        ended = await headwater(*words, "--tenant", name, "--json")
        assert ended.code == 0, ended


async def test_rows_of_a_silo_are_shown_from_where_they_are(headwater: Typing) -> None:
    shown = await headwater("views", "show", "tenancy.tenants", "--tenant", OWN, "--json")
    assert [row["slug"] for row in shown.json["rows"]] == [OWN]
    shared = await headwater("views", "show", "tenancy.tenants", "--tenant", SHARED, "--json")
    assert [row["slug"] for row in shared.json["rows"]] == [SHARED]


async def test_a_silo_is_rebuilt_and_rolled_back_by_its_slug(headwater: Typing) -> None:
    done = await headwater("rebuild", "tenancy.tenants", "--tenant", OWN, "--json")
    assert done.code == 0, done
    last = done.out.splitlines()[-1]
    assert '"state":"switched"' in last
    listed = (await headwater("rebuilds", "--tenant", OWN, "--json")).json
    id = listed[0]["id"]
    assert (listed[0]["tenant_id"], listed[0]["views"][0]["live"]) == (None, True)
    assert id not in (await headwater("rebuilds")).out
    for _ in range(2):
        back = await headwater("rollback", id, "--tenant", OWN, "--json")
        assert (back.code, back.json["serving"]) == (0, {"tenancy.tenants": 1})
    prose = await headwater("rebuilds", id, "--tenant", OWN)
    assert f"generation {listed[0]['views'][0]['generation']} was rolled back at" in prose.out
    assert prose.code == 0  # It was rolled back on request.


async def test_what_is_about_a_whole_database_is_refused_for_a_tenant_that_shares_one(
    headwater: Typing,
) -> None:
    refused = await headwater("reconcile", "--tenant", SHARED)
    assert (refused.code, refused.out) == (1, "")
    assert f"{SHARED} has no database of its own" in refused.err


async def test_keys_of_silos_are_told_rotated_and_wrapped_anew_with_the_platforms(headwater: Typing) -> None:
    places = [place["place"] for place in (await headwater("keys", "status", "--json")).json["places"]]
    assert places[0] == "platform"
    assert OWN in places
    assert (await headwater("keys", "rotate")).code == 0
    behind = {
        place["place"]: place["masters_behind"]
        for place in (await headwater("keys", "status", "--json")).json["places"]
    }
    assert behind["platform"] > 0
    assert behind[OWN] > 0
    # It ends by itself, when nothing is left.
    ended = await headwater("keys", "rewrap", "--watch", "--json")
    assert (ended.code, '"behind":0' in ended.out.splitlines()[-1]) == (0, True)
    assert (await headwater("keys", "status")).code == 0
    rotated = await headwater("keys", "rotate", "--tenant", OWN)
    assert (rotated.code, f"The key of tenant {OWN} is now in generation" in rotated.out) == (0, True)
    assert (await headwater("keys", "rewrap", "--tenant", OWN)).code == 0


async def test_a_suspension_is_listed(headwater: Typing) -> None:
    for slug in (OWN, SHARED):
        assert (await headwater("tenant", "suspend", slug)).out == f"Tenant {slug} is suspended.\n"
    listed = {row["slug"]: row["status"] for row in (await headwater("tenant", "list", "--json")).json}
    assert (listed[OWN], listed[SHARED]) == ("suspended", "suspended")
    assert "suspended" in (await headwater("tenant", "list")).out
    for slug in (OWN, SHARED):
        assert (await headwater("tenant", "reactivate", headwater.ids[slug])).code == 0
    listed = {row["slug"]: row["status"] for row in (await headwater("tenant", "list", "--json")).json}
    assert listed[OWN] == "active"
