"""``headwater tenant create --owner``: how a tenant that the platform has made comes by its first person."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.mail.mailed_tokens import INVITE, MailedTokens
from tests.auth.people import PASSWORD, Person
from tests.kit.processes import until
from tests.operations.command_line import CommandLine, Ran
from tests.placement.conftest import Platform

ACCEPT = """mutation($i: AcceptInvitationInput!) { acceptInvitation(input: $i) {
  __typename ... on SignedIn { accessToken tenantId accountId } ... on Refused { code field } } }"""
INVITED = "{ invitations(orderBy: SENT_AT, direction: ASC) { nodes { id email role status } } }"


async def _created(platform: Platform, id: UUID, email: str, *words: str) -> Ran:
    given = ("Acme", "--slug", f"owned-{id.hex[:8]}", "--id", str(id), "--owner", email, *words)
    return await asyncio.to_thread(CommandLine(platform.settings), "tenant", "create", *given)


async def _invited(platform: Platform, tenant: UUID) -> Any:
    """The invitations of a tenant, the oldest first."""
    answer = await platform.client(tenant).post(INVITED)
    return answer.json()["data"]["invitations"]["nodes"]


async def _accepted(platform: Platform, tenant: UUID, invitation: str) -> Any:
    """What comes of following an invitation's link."""
    token = MailedTokens(platform.settings.derive("mailed tokens")).of(INVITE, UUID(invitation), tenant)
    body = {"query": ACCEPT, "variables": {"i": {"token": token, "password": PASSWORD, "firstName": "Ada"}}}
    return (await platform.http.post("/graphql", json=body)).json()["data"]["acceptInvitation"]


@pytest.mark.parametrize("words", [(), ("--silo",)], ids=["pooled", "silo"])
async def test_the_owner_is_invited_and_comes_in(platform: Platform, words: tuple[str, ...]) -> None:
    id, email = uuid4(), f"{uuid4().hex}@example.com"
    made = await _created(platform, id, email, *words)
    said = f"Tenant owned-{id.hex[:8]} is ready, and {email} is invited as its owner.\n"
    assert (made.code, made.out) == (0, said), made
    await platform.opens(id)
    (sent,) = await _invited(platform, id)
    assert (sent["role"], sent["status"]) == ("OWNER", "OPEN")
    box = platform.settings.data_dir / "mail"

    async def arrived() -> bool:
        return any(email in mail.read_text() for mail in box.glob("*"))

    await until(arrived)
    given = await _accepted(platform, id, sent["id"])
    assert given["tenantId"] == str(id), given
    me = (await Person(platform.http, "", given).client.post("{ me { role } }")).json()["data"]["me"]
    assert me == {"role": "OWNER"}

    again = await _created(platform, id, email.upper(), *words)
    assert (again.code, "is its owner" in again.out) == (0, True), again
    other = await _created(platform, id, f"x{email}", *words)
    assert (other.code, "has an owner already" in other.err) == (1, True), other
    assert len(await _invited(platform, id)) == 1


async def test_asked_again_the_last_address_is_the_owners(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, email = uuid4(), f"{uuid4().hex}@example.com"
    wrong = await _created(platform, id, f"wrong-{email}")
    for _ in range(2):
        assert (await _created(platform, id, email)).code == wrong.code == 0
    await platform.opens(id)
    states = [row["status"] for row in await _invited(platform, id)]
    assert states == ["WITHDRAWN", "OPEN"], "who asks twice at once means one"

    monkeypatch.setattr("app.auth.invitations.JUST_NOW", timedelta(0))
    assert (await _created(platform, id, email)).code == 0
    rows = await _invited(platform, id)
    assert [row["status"] for row in rows] == ["WITHDRAWN", "WITHDRAWN", "OPEN"]
    old = await _accepted(platform, id, rows[0]["id"])
    assert old["code"] == "invitation_not_valid"


async def test_an_address_that_is_none_makes_no_tenant(platform: Platform) -> None:
    id = uuid4()
    refused = await _created(platform, id, "ada at acme")
    assert (refused.code, refused.err) == (1, "headwater: Owner is not an e-mail address.\n")
    assert await platform.tenants.asked(id) is None


async def test_who_does_not_wait_is_told_how_to_invite_later(platform: Platform) -> None:
    id, email = uuid4(), f"{uuid4().hex}@example.com"
    left = await _created(platform, id, email, "--silo", "--wait", "0")
    assert (left.code, f"repeat this command with --id {id}" in left.err) == (1, True), left
    later = await _created(platform, id, email, "--silo")
    assert later.code == 0, later
